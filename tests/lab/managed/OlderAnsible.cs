// Gives the lab's PowerShell 7 what older releases of Ansible ask of Windows PowerShell and .NET Framework.
// Copyright (c) 2026 entra_ops contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// ansible-core up to 2.18 hands a job its input through a pipe that is made with a constructor of .NET Framework. ansible.windows before
// 3.8.0 reads a job's file with a class of .NET Framework, and runs scripts in a session with every snap-in that PowerShell has
// built in: among them are the event logs, which Wine has not got. Without that snap-in PowerShell finds Get-WinEvent by its name, as in
// any other session, in the lab's own module. .NET runs this assembly first in every process (it is a start-up hook).

using System;
using System.Collections;
using System.Collections.Generic;
using System.IO.Pipes;
using System.Linq;
using System.Reflection;
using System.Text.Json;

internal static class StartupHook
{
    private static readonly Assembly Automation = typeof(System.Management.Automation.PSObject).Assembly;

    public static void Initialize()
    {
        var names = Automation.GetType("System.Management.Automation.TypeAccelerators", true);
        names.GetMethod("Add", new[] { typeof(string), typeof(Type) }).Invoke(null, new object[] { typeof(NamedPipeServerStream).FullName, typeof(CloudSyncLab.NamedPipeServer) });
        LeaveOut("Microsoft.PowerShell.Diagnostics");
    }

    /// PowerShell has no public way to leave a snap-in out: where a version of it keeps them elsewhere, its processes end here and say so.
    private static void LeaveOut(string snapin)
    {
        var reader = Automation.GetType("System.Management.Automation.PSSnapInReader", true);
        var all = (IList)reader.GetProperty("DefaultMshSnapins", BindingFlags.NonPublic | BindingFlags.Static).GetValue(null);
        var name = all[0].GetType().GetField("PSSnapInName", BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.Instance);
        all.Remove(all.Cast<object>().Single(entry => (string)name.GetValue(entry) == snapin));
    }
}

namespace CloudSyncLab
{
    /// What the wrapper of jobs calls of NamedPipeServerStream, which PowerShell takes this type for.
    public sealed class NamedPipeServer
    {
        private readonly NamedPipeServerStream pipe;

        public NamedPipeServer(
            string name,
            PipeDirection direction,
            int instances,
            PipeTransmissionMode mode,
            PipeOptions options,
            int inputSize,
            int outputSize,
            PipeSecurity security)
        {
            pipe = NamedPipeServerStreamAcl.Create(name, direction, instances, mode, options, inputSize, outputSize, security);
        }

        public IAsyncResult BeginWaitForConnection(AsyncCallback callback, object state) => pipe.BeginWaitForConnection(callback, state);
        public void EndWaitForConnection(IAsyncResult result) => pipe.EndWaitForConnection(result);
        public void Write(byte[] buffer, int offset, int count) => pipe.Write(buffer, offset, count);
        public void Flush() => pipe.Flush();
        public void WaitForPipeDrain() => pipe.WaitForPipeDrain();
        public void Close() => pipe.Close();
    }
}

namespace System.Web.Script.Serialization
{
    /// The one method that async_status calls, with the types that it answers with in .NET Framework.
    public sealed class JavaScriptSerializer
    {
        public int MaxJsonLength { get; set; }

        public object DeserializeObject(string input)
        {
            if (string.IsNullOrWhiteSpace(input))
            {
                return null;
            }
            try
            {
                using var document = JsonDocument.Parse(input);
                return Value(document.RootElement);
            }
            catch (JsonException error)
            {
                throw new ArgumentException(error.Message, error);
            }
        }

        private static object Value(JsonElement element)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.Object:
                    return element.EnumerateObject().ToDictionary(property => property.Name, property => Value(property.Value));
                case JsonValueKind.Array:
                    return element.EnumerateArray().Select(Value).ToArray();
                case JsonValueKind.String:
                    return element.GetString();
                case JsonValueKind.Number:
                    return Number(element);
                case JsonValueKind.Null:
                    return null;
                default:
                    return element.GetBoolean();
            }
        }

        private static object Number(JsonElement element)
        {
            if (element.TryGetInt32(out var small))
            {
                return small;
            }
            if (element.TryGetInt64(out var large))
            {
                return large;
            }
            return element.TryGetDecimal(out var exact) ? exact : element.GetDouble();
        }
    }
}
