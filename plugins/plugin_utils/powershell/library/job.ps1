# Starts a program with all that it starts in a job of Windows, so that the whole tree can be ended.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# An installer starts a copy of itself and hands it every handle that it has inherited. .NET passes on all inheritable handles of this
# process, also the pipe that Ansible reads the answer from: as long as the copy lives, the pipe has no end. And .NET Framework ends one
# process only, not its tree. Neither can be had without Windows' own functions. The language is C# 5, the compiler's of Windows PowerShell.
$jobSource = @'
using System;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

namespace EntraOps.CloudSync
{
    /// <summary>A running program in a job of its own.</summary>
    public sealed class Job : IDisposable
    {
        private const uint CreateSuspended = 0x4, CreateNoWindow = 0x08000000, UseStandardHandles = 0x100;
        private const int BasicAccounting = 1;
        private IntPtr job, process;

        [StructLayout(LayoutKind.Sequential)]
        private struct StartupInfo
        {
            public int Size;
            public IntPtr Reserved, Desktop, Title;
            public int X, Y, Width, Height, CharsWide, CharsHigh, Fill;
            public uint Flags;
            public short ShowWindow, Reserved2Size;
            public IntPtr Reserved2, Input, Output, Error;
        }

        [StructLayout(LayoutKind.Sequential)]
        private struct ProcessInformation
        {
            public IntPtr Process, Thread;
            public int ProcessId, ThreadId;
        }

        [StructLayout(LayoutKind.Sequential)]
        private struct Accounting
        {
            public long UserTime, KernelTime, PeriodUserTime, PeriodKernelTime;
            public uint PageFaults, Processes, ActiveProcesses, TerminatedProcesses;
        }

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern IntPtr CreateJobObjectW(IntPtr security, string name);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern bool AssignProcessToJobObject(IntPtr job, IntPtr process);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern bool TerminateJobObject(IntPtr job, uint code);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern bool QueryInformationJobObject(IntPtr job, int kind, out Accounting data, int size, IntPtr needed);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern bool CreateProcessW(string program, StringBuilder line, IntPtr security, IntPtr threadSecurity, bool inherit,
            uint flags, IntPtr environment, string directory, ref StartupInfo start, out ProcessInformation made);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern uint ResumeThread(IntPtr thread);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern bool TerminateProcess(IntPtr process, uint code);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern uint WaitForSingleObject(IntPtr handle, uint milliseconds);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern bool GetExitCodeProcess(IntPtr process, out int code);

        [DllImport("kernel32.dll")]
        private static extern bool CloseHandle(IntPtr handle);

        /// <summary>Starts a program that inherits nothing.</summary>
        public Job(string program, string arguments)
        {
            StartupInfo start = new StartupInfo();
            start.Size = Marshal.SizeOf(typeof(StartupInfo));
            start.Flags = UseStandardHandles;
            ProcessInformation made;
            job = CreateJobObjectW(IntPtr.Zero, null);
            Require(job != IntPtr.Zero);
            try
            {
                StringBuilder line = new StringBuilder("\"" + program + "\" " + arguments);
                Require(CreateProcessW(program, line, IntPtr.Zero, IntPtr.Zero, false, CreateSuspended | CreateNoWindow, IntPtr.Zero, null, ref start, out made));
            }
            catch
            {
                Dispose();
                throw;
            }
            process = made.Process;
            try
            {
                Require(AssignProcessToJobObject(job, process));
                Require(ResumeThread(made.Thread) != 0xffffffff);
            }
            catch
            {
                TerminateProcess(process, 1);
                Dispose();
                throw;
            }
            finally
            {
                CloseHandle(made.Thread);
            }
        }

        public int ExitCode
        {
            get
            {
                int code;
                Require(GetExitCodeProcess(process, out code));
                return code;
            }
        }

        /// <summary>Whether the program ends within so many milliseconds.</summary>
        public bool Wait(int milliseconds)
        {
            return WaitForSingleObject(process, (uint)milliseconds) == 0;
        }

        /// <summary>Ends every process of the tree; whether all are gone within so many milliseconds.</summary>
        public bool Terminate(int milliseconds)
        {
            Require(TerminateJobObject(job, 1));
            DateTime limit = DateTime.UtcNow.AddMilliseconds(milliseconds);
            Accounting data;
            do
            {
                Require(QueryInformationJobObject(job, BasicAccounting, out data, Marshal.SizeOf(typeof(Accounting)), IntPtr.Zero));
                if (data.ActiveProcesses == 0)
                    return true;
                Thread.Sleep(50);
            } while (DateTime.UtcNow < limit);
            return false;
        }

        /// <summary>Lets go of the tree, which goes on.</summary>
        public void Dispose()
        {
            if (process != IntPtr.Zero) CloseHandle(process);
            if (job != IntPtr.Zero) CloseHandle(job);
            process = job = IntPtr.Zero;
        }

        private static void Require(bool done)
        {
            if (!done)
                throw new Win32Exception(Marshal.GetLastWin32Error());
        }
    }
}
'@

function New-InstallerJob {
    # Starts a program in a job of its own. It inherits no handle of this process.
    param(
        [string]$Path,
        [string]$Arguments
    )
    if ($null -eq ('EntraOps.CloudSync.Job' -as [type])) {
        Add-Type -TypeDefinition $jobSource
    }
    return New-Object -TypeName EntraOps.CloudSync.Job -ArgumentList $Path, $Arguments
}
