// System.DirectoryServices.Protocols for the lab's hosts: an Active Directory forest that lives in the host's own registry.
// .NET's LDAP client signs in by Kerberos or NTLM, which Wine's wldap32 cannot, and the lab has no domain controller.
// An entry is a key below HKLM\SOFTWARE\Cloud Sync Lab\Directory, named by its distinguished name ("RootDSE" for the empty one); its
// values are the attributes, one text each. {computer} stands for the host's name, {account} for the managed account of the agent's
// service; "sid:S-1-..." and "sddl:..." are made into bytes. The value Refuse of Directory itself is why a sign-in is refused; Referral
// names a server that searches below a domain's top are referred to, and that does not answer whoever follows.
// Left out: everything but search by conditions that all must hold (attribute=value), more than one value of an attribute, paging,
// rights.
// Copyright (c) 2026 entra_ops contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.AccessControl;
using System.Security.Principal;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Win32;

namespace System.DirectoryServices.Protocols
{
    public enum SearchScope { Base, OneLevel, Subtree }

    [Flags]
    public enum ReferralChasingOptions { None = 0, Subordinate = 0x20, External = 0x40, All = Subordinate | External }

    public enum ResultCode { Success = 0, NoSuchObject = 32 }

    public class DirectoryResponse
    {
        public ResultCode ResultCode { get; internal set; }
    }

    public class SearchResponse : DirectoryResponse
    {
        public List<SearchResultEntry> Entries { get; internal set; }
    }

    public class DirectoryOperationException : Exception
    {
        internal DirectoryOperationException(ResultCode code, string message) : base(message)
        {
            Response = new SearchResponse { ResultCode = code };
        }

        public DirectoryResponse Response { get; private set; }
    }

    public class LdapException : Exception
    {
        internal LdapException(string message) : base(message) { }
    }

    public class LdapSessionOptions
    {
        public int ProtocolVersion { get; set; }

        public bool Signing { get; set; }

        public ReferralChasingOptions ReferralChasing { get; set; }
    }

    public class SearchRequest
    {
        public SearchRequest(string distinguishedName, string ldapFilter, SearchScope searchScope, params string[] attributeList)
        {
            DistinguishedName = distinguishedName;
            Filter = ldapFilter;
            Scope = searchScope;
            Attributes = attributeList;
        }

        internal string DistinguishedName { get; private set; }

        internal string Filter { get; private set; }

        internal SearchScope Scope { get; private set; }

        internal string[] Attributes { get; private set; }
    }

    public class DirectoryAttribute
    {
        private readonly string value;

        internal DirectoryAttribute(string value)
        {
            this.value = value;
        }

        public object[] GetValues(Type valuesType)
        {
            return new object[] { valuesType == typeof(byte[]) ? (object)Bytes() : value };
        }

        private byte[] Bytes()
        {
            byte[] bytes;
            if (value.StartsWith("sid:", StringComparison.Ordinal))
            {
                SecurityIdentifier identifier = new SecurityIdentifier(value.Substring(4));
                bytes = new byte[identifier.BinaryLength];
                identifier.GetBinaryForm(bytes, 0);
                return bytes;
            }
            if (value.StartsWith("sddl:", StringComparison.Ordinal))
            {
                RawSecurityDescriptor descriptor = new RawSecurityDescriptor(value.Substring(5));
                bytes = new byte[descriptor.BinaryLength];
                descriptor.GetBinaryForm(bytes, 0);
                return bytes;
            }
            return Encoding.UTF8.GetBytes(value);
        }
    }

    public class SearchResultAttributeCollection
    {
        private readonly Dictionary<string, DirectoryAttribute> attributes;

        internal SearchResultAttributeCollection(IEnumerable<KeyValuePair<string, string>> values)
        {
            attributes = values.ToDictionary(
                pair => pair.Key, pair => new DirectoryAttribute(pair.Value), StringComparer.OrdinalIgnoreCase);
        }

        public DirectoryAttribute this[string name]
        {
            get { return attributes[name]; }
        }

        public bool Contains(string name)
        {
            return attributes.ContainsKey(name);
        }
    }

    public class SearchResultEntry
    {
        internal SearchResultEntry(string name, IEnumerable<KeyValuePair<string, string>> values)
        {
            DistinguishedName = name;
            Attributes = new SearchResultAttributeCollection(values);
        }

        public string DistinguishedName { get; private set; }

        public SearchResultAttributeCollection Attributes { get; private set; }
    }

    public class LdapConnection : IDisposable
    {
        public LdapConnection(string server)
        {
            if (String.IsNullOrEmpty(server)) throw new LdapException("The LDAP server is unavailable.");
            // Windows' own default is to follow referrals.
            SessionOptions = new LdapSessionOptions { ReferralChasing = ReferralChasingOptions.All };
        }

        public LdapSessionOptions SessionOptions { get; private set; }

        public TimeSpan Timeout { get; set; }

        public void Bind()
        {
            string refusal = Forest.Read("", "Refuse");
            if (refusal != null) throw new LdapException(refusal);
        }

        public SearchResponse SendRequest(SearchRequest request, TimeSpan requestTimeout)
        {
            string root = request.DistinguishedName.Length == 0 ? "RootDSE" : request.DistinguishedName;
            string[] names = Forest.Names();
            if (!names.Contains(root, StringComparer.OrdinalIgnoreCase))
                throw new DirectoryOperationException(ResultCode.NoSuchObject, "The object does not exist.");
            Follow(Forest.Read("", "Referral"), root, request.Scope);
            List<SearchResultEntry> found = new List<SearchResultEntry>();
            foreach (string name in names.Where(candidate => InScope(candidate, root, request.Scope)))
            {
                Dictionary<string, string> values = Forest.Values(name);
                if (Matches(values, request.Filter))
                    found.Add(new SearchResultEntry(
                        name, values.Where(pair => request.Attributes.Contains(pair.Key, StringComparer.OrdinalIgnoreCase))));
            }
            return new SearchResponse { Entries = found };
        }

        public void Dispose()
        {
        }

        private void Follow(string server, string root, SearchScope scope)
        {
            bool referred = scope == SearchScope.Subtree && root.StartsWith("DC=", StringComparison.OrdinalIgnoreCase);
            if (server != null && referred && (SessionOptions.ReferralChasing & ReferralChasingOptions.Subordinate) != 0)
                throw new LdapException("The LDAP server " + server + " is unavailable.");
        }

        private static bool InScope(string name, string root, SearchScope scope)
        {
            if (scope == SearchScope.Base) return name.Equals(root, StringComparison.OrdinalIgnoreCase);
            if (!name.EndsWith("," + root, StringComparison.OrdinalIgnoreCase)) return false;
            return scope == SearchScope.Subtree || name.Substring(0, name.Length - root.Length - 1).IndexOf(',') < 0;
        }

        private static bool Matches(Dictionary<string, string> values, string filter)
        {
            foreach (Match condition in Regex.Matches(filter, @"\((?<name>[\w-]+)=(?<value>[^()]*)\)"))
            {
                string value, wanted = condition.Groups["value"].Value, name = condition.Groups["name"].Value;
                if (wanted == "*" && name == "objectClass") continue;
                if (!values.TryGetValue(name, out value) || !value.Equals(wanted, StringComparison.OrdinalIgnoreCase)) return false;
            }
            return true;
        }
    }

    /// <summary>The entries as the registry holds them.</summary>
    internal static class Forest
    {
        private const string Root = @"SOFTWARE\Cloud Sync Lab\Directory";
        private const string Service = @"SYSTEM\CurrentControlSet\Services\AADConnectProvisioningAgent";

        internal static string[] Names()
        {
            using (RegistryKey key = Registry.LocalMachine.OpenSubKey(Root))
            {
                return key.GetSubKeyNames();
            }
        }

        internal static string Read(string entry, string name)
        {
            using (RegistryKey key = Registry.LocalMachine.OpenSubKey(entry.Length == 0 ? Root : Root + @"\" + entry))
            {
                return key.GetValue(name) as string;
            }
        }

        internal static Dictionary<string, string> Values(string entry)
        {
            using (RegistryKey key = Registry.LocalMachine.OpenSubKey(Root + @"\" + entry))
            {
                return key.GetValueNames().ToDictionary(
                    name => name, name => Expand((string)key.GetValue(name)), StringComparer.OrdinalIgnoreCase);
            }
        }

        private static string Expand(string value)
        {
            return value.Replace("{computer}", Environment.MachineName).Replace("{account}", Account());
        }

        private static string Account()
        {
            using (RegistryKey key = Registry.LocalMachine.OpenSubKey(Service))
            {
                string account = key == null ? "" : key.GetValue("ObjectName") as string ?? "";
                return account.Substring(account.LastIndexOf('\\') + 1);
            }
        }
    }
}
