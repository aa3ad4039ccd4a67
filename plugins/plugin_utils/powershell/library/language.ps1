# Refuses to go on where the host lets scripts do next to nothing. Included before all else.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
    # As text: the mode itself is of a type that this language does not convert.
    throw "A policy for applications (WDAC, AppLocker) holds PowerShell on this host to the language mode $($ExecutionContext.SessionState.LanguageMode), in which this collection cannot work: exempt the account of the connection from the policy, or take the agent's wizard."
}
