// Refuses what Windows PowerShell 5.1 writes into JSON in another way than the lab's PowerShell 7 does.
// Copyright (c) 2026 entra_ops contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// 5.1 writes nothing (AutomationNull) as {}, a time as "\/Date(...)\/", an array that PowerShell has wrapped, as New-Object does, as
// {"value": [...], "Count": n}, a text with notes as an object, and what lies deeper than -Depth as its type's name, without
// a word. What is no plain data it writes with the properties that .NET Framework has. Whoever runs payloads calls this before ConvertTo-Json.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Internal;

namespace CloudSyncLab
{
    public static class WindowsPowerShellJson
    {
        private static readonly HashSet<Type> Plain = new HashSet<Type>
        {
            typeof(string), typeof(char), typeof(bool), typeof(decimal), typeof(Guid),
            typeof(byte), typeof(sbyte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long), typeof(ulong),
        };

        /// Throws for the first value of an object that 5.1 would write otherwise, with its place in the object.
        public static void Check(object value, int depth) => Check(value, depth, "$");

        private static void Check(object value, int depth, string place)
        {
            if (value == AutomationNull.Value)
                throw Refusal(place, "is nothing, which it writes as {}: write $null");
            if (value is PSObject wrapper)
            {
                value = wrapper.BaseObject;
                if (value is Array)
                    throw Refusal(place, "is an array that PowerShell has wrapped, which it writes as {\"value\": [], \"Count\": 0}: take @(...)");
                if (value is PSCustomObject)
                    value = wrapper.Properties.ToDictionary(property => property.Name, property => property.Value);
                else if (wrapper.Members.Any(member => member.IsInstance && member is PSNoteProperty))
                    throw Refusal(place, $"is a {value.GetType()} with notes, which it writes as an object: convert it");
            }
            if (value is null || value is Enum || Plain.Contains(value.GetType()) || value is double number && double.IsFinite(number))
                return;
            if (value is not IDictionary && value is not IList)
                throw Refusal(place, $"is a {value.GetType()}, which it writes in another way: write text or a number");
            if (depth < 0)
                throw Refusal(place, "lies deeper than -Depth, and it writes the name of its type");
            foreach (var (name, part) in Parts(value, place))
                Check(part, depth - 1, name);
        }

        private static IEnumerable<(string, object)> Parts(object value, string place)
        {
            if (value is not IDictionary table)
            {
                var index = 0;
                foreach (var element in (IList)value)
                    yield return ($"{place}[{index++}]", element);
                yield break;
            }
            foreach (DictionaryEntry entry in table)
            {
                if (entry.Key is not string)
                    throw Refusal(place, $"has the key {entry.Key} of type {entry.Key.GetType()}, which it refuses: take texts");
                yield return ($"{place}.{entry.Key}", entry.Value);
            }
        }

        private static InvalidOperationException Refusal(string place, string what) =>
            new InvalidOperationException($"ConvertTo-Json of Windows PowerShell 5.1: {place} {what}.");
    }
}
