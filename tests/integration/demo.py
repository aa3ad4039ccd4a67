# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the collection at work: brings a lab up, converges its hosts twice, verifies them, leaves the report.

    make demo [HOSTS=3] [KEEP=1]

Ends with an error unless every host is active after the first run, unchanged by the second and as wanted at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time

from cloudlab.processes import OWNER, keep_temporary_files, own_what_follows
from cloudlab.testing.ansible_runs import BUILD, LAB, ROOT, Run, run_playbook

STATE = ROOT / ".lab"
OUTPUT = BUILD / "demo"


def main() -> int:
    """Run the demo; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="leave the lab up")
    arguments = parser.parse_args()
    own_what_follows()
    keep_temporary_files()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    lab("up", "--hosts", str(arguments.hosts), kept=arguments.keep)  # fails, and leaves alone what is there, where a lab is up already
    try:
        problems = show(arguments.hosts)
    finally:
        if not arguments.keep:
            lab("down")
    print("\n".join(f"demo: {problem}" for problem in problems) or f"demo: all well. The report: {OUTPUT / 'report.html'}")
    return 1 if problems else 0


def show(hosts: int) -> list[str]:
    """Run the playbooks; return in sentences what is not as it should be."""
    first = playbook("first run", "site.yml")
    second = playbook("second run", "site.yml")
    verified = playbook("verify", "verify.yml")
    problems = [
        f"{name} ended with code {run.returncode}; its output is in {OUTPUT / log_name(name)}."
        for name, run in (("first run", first), ("second run", second), ("verify", verified))
        if run.returncode
    ]
    if first.returncode == 0 and len(first.changed_hosts) != hosts:
        problems.append(f"The first run changed {len(first.changed_hosts)} of {hosts} hosts: the lab was not new.")
    if second.changed_hosts:
        problems.append(f"The second run changed {', '.join(sorted(second.changed_hosts))}.")
    return problems + ([] if verified.returncode else not_active())


def not_active() -> list[str]:
    """Return a sentence for each host that the report does not call active."""
    rows = json.loads((OUTPUT / "report.json").read_text(encoding="utf-8"))["hosts"]
    return [f"{row['host']} is not active." for row in rows if (row["cloud"] or {}).get("status") != "confirmed"]


def playbook(name: str, file: str) -> Run:
    """Run one of the playbooks, keep its output, and print its recap."""
    variables = {"provisioning_agent_accept_eula": True, "provisioning_agent_report_dir": str(OUTPUT)}
    done = run_playbook(f"playbooks/{file}", inventory=STATE / "inventory.yml", extra_vars=variables)
    (OUTPUT / log_name(name)).write_text(done.output, encoding="utf-8")
    print(f"\n{name}: playbooks/{file} ({done.seconds:.0f} s)\n{done.recap_text}", flush=True)
    if done.returncode:
        print("\n".join(line for line in done.output.splitlines() if line.startswith(("fatal:", "[ERROR]", "ERROR!"))), flush=True)
    return done


def log_name(name: str) -> str:
    """Return the name of the file that holds a run's output."""
    return f"{name.replace(' ', '-')}.log"


def lab(*arguments: str, kept: bool = False) -> None:
    """Run the lab's tool and print its seconds; where it fails it has said why, and the demo ends. A lab to be kept has no owner."""
    began = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if not (kept and name == OWNER)}
    if subprocess.run([str(LAB), "--state", str(STATE), *arguments], check=False, env=environment).returncode:
        sys.exit(1)
    print(f"lab {arguments[0]} ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
