// The provisioning agent's PowerShell module (C1, C2): Microsoft.CloudSync.PowerShell.dll.
// It talks to Microsoft's side of the lab, whose address stands in the lab's registry key; the real one knows its endpoints.
// Left out: gMSA and permissions in a real Active Directory (Microsoft's side plays the forest), Set-AADCloudSyncPermissions,
// Set-AADCloudSyncRestrictedPermissions, Set-AADCloudSyncPasswordWritebackConfiguration, the virtual vault of secrets.
// Compiles with PowerShell 7's compiler and uses only what .NET Framework 4.7.1 has as well.
// Copyright (c) 2026 entra_ops contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma warning disable SYSLIB0057 // the certificate's constructor is the only way that .NET Framework has
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.IO;
using System.Management.Automation;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Win32;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace Microsoft.CloudSync.PowerShell
{
    /// <summary>What Connect-AADCloudSyncAzureAD left for the cmdlets after it, in this PowerShell process.</summary>
    internal static class Session
    {
        internal static string AccessToken;
        internal static string TenantId;
        internal static bool AccountIsSet;
    }

    /// <summary>A refusal by Microsoft's side; the message is the service's own.</summary>
    public sealed class CloudSyncException : Exception
    {
        public CloudSyncException(string code, string message) : base(message)
        {
            Code = code;
        }

        public string Code { get; private set; }
    }

    /// <summary>The agent on this host: registry, service, certificate.</summary>
    internal static class Agent
    {
        internal const string ServiceName = "AADConnectProvisioningAgent";
        private const string LabKey = @"SOFTWARE\Cloud Sync Lab";
        private const string AgentKey = @"SOFTWARE\Microsoft\Azure AD Connect Agents\Azure AD Connect Provisioning Agent";
        private const string ServiceKey = @"SYSTEM\CurrentControlSet\Services\" + ServiceName;
        private const string AgentIdExtension = "1.3.6.1.4.1.311.82.1";
        private const int RenewalDays = 30;
        private const string TcpipKey = @"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";

        internal static string MicrosoftSide
        {
            get
            {
                string address = Read(LabKey, "MicrosoftSide");
                if (String.IsNullOrEmpty(address))
                    throw new InvalidOperationException("The remote name could not be resolved: 'registration.msappproxy.net'");
                return address.TrimEnd('/');
            }
        }

        internal static string Id
        {
            get { return Read(LabKey, "AgentId"); }
        }

        internal static string TenantId
        {
            get { return Read(AgentKey, "TenantID"); }
        }

        internal static bool HasCertificate
        {
            get
            {
                X509Store store = new X509Store(StoreName.My, StoreLocation.LocalMachine);
                store.Open(OpenFlags.ReadOnly);
                try
                {
                    foreach (X509Certificate2 certificate in store.Certificates)
                    {
                        X509Extension extension = certificate.Extensions[AgentIdExtension];
                        if (extension != null && IsOwn(extension.RawData) && certificate.NotAfter > DateTime.Now.AddDays(RenewalDays))
                            return true;
                    }
                    return false;
                }
                finally
                {
                    store.Close();
                }
            }
        }

        internal static string Account
        {
            get { return Read(ServiceKey, "ObjectName") ?? ""; }
        }

        internal static string MachineName
        {
            get
            {
                string domain = Read(TcpipKey, "Domain");
                string name = Environment.MachineName;
                return (String.IsNullOrEmpty(domain) ? name : name + "." + domain).ToLowerInvariant();
            }
        }

        internal static void SetAccount(string account)
        {
            ServiceManager.SetAccount(ServiceName, account);
            // sc.exe managedaccount: Windows fetches the password itself (C25).
            Write(ServiceKey, "ServiceAccountManaged", 1);
        }

        internal static void Register(string tenantId, string agentId, byte[] pfx, string password)
        {
            X509KeyStorageFlags flags = X509KeyStorageFlags.MachineKeySet | X509KeyStorageFlags.PersistKeySet;
            X509Certificate2 certificate = new X509Certificate2(pfx, password, flags);
            X509Store store = new X509Store(StoreName.My, StoreLocation.LocalMachine);
            store.Open(OpenFlags.ReadWrite);
            try
            {
                store.Add(certificate);
            }
            finally
            {
                store.Close();
            }
            Write(AgentKey, "TenantID", tenantId);
            Write(LabKey, "AgentId", agentId);
            WriteTrust(certificate.Thumbprint);
        }

        /// <summary>Notes which certificate is the agent's, as Microsoft's connectors do in the folder of their data.</summary>
        private static void WriteTrust(string thumbprint)
        {
            string data = Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData);
            string folder = Path.Combine(data, @"Microsoft\Azure AD Connect Provisioning Agent\Config");
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "TrustSettings.xml"), "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n"
                + "<ConnectorTrustSettingsFile><CloudProxyTrust><Thumbprint>" + thumbprint + "</Thumbprint>"
                + "<IsInUserStore>false</IsInUserStore></CloudProxyTrust></ConnectorTrustSettingsFile>\r\n");
        }

        /// <summary>Whether an extension's last sixteen bytes are the agent's id as a raw GUID.</summary>
        private static bool IsOwn(byte[] extension)
        {
            Guid id;
            if (extension.Length < 16 || !Guid.TryParse(Id, out id))
                return false;
            byte[] bytes = new byte[16];
            Array.Copy(extension, extension.Length - 16, bytes, 0, 16);
            return new Guid(bytes) == id;
        }

        private static string Read(string path, string name)
        {
            using (RegistryKey key = Registry.LocalMachine.OpenSubKey(path))
            {
                return key == null ? null : key.GetValue(name) as string;
            }
        }

        private static void Write(string path, string name, object value)
        {
            using (RegistryKey key = Registry.LocalMachine.CreateSubKey(path))
            {
                key.SetValue(name, value);
            }
        }
    }

    /// <summary>The service control manager, which keeps its own copy of a service's account: the registry alone would not do.</summary>
    internal static class ServiceManager
    {
        private const uint NoChange = 0xffffffff;
        private const uint ManagerConnect = 1;
        private const uint ServiceChangeConfig = 2;

        [DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern IntPtr OpenSCManagerW(string machine, string database, uint access);

        [DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern IntPtr OpenServiceW(IntPtr manager, string name, uint access);

        [DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern bool ChangeServiceConfigW(IntPtr service, uint type, uint start, uint error, string path, string group,
            IntPtr tag, string dependencies, string account, string password, string display);

        [DllImport("advapi32.dll")]
        private static extern bool CloseServiceHandle(IntPtr handle);

        internal static void SetAccount(string name, string account)
        {
            IntPtr manager = OpenSCManagerW(null, null, ManagerConnect);
            IntPtr service = manager == IntPtr.Zero ? IntPtr.Zero : OpenServiceW(manager, name, ServiceChangeConfig);
            try
            {
                if (service == IntPtr.Zero
                    || !ChangeServiceConfigW(service, NoChange, NoChange, NoChange, null, null, IntPtr.Zero, null, account, "", null))
                    throw new Win32Exception(Marshal.GetLastWin32Error());
            }
            catch (Win32Exception error)
            {
                throw new InvalidOperationException("Failed changing Windows service credentials to gMSA. " + error.Message, error);
            }
            finally
            {
                if (service != IntPtr.Zero) CloseServiceHandle(service);
                if (manager != IntPtr.Zero) CloseServiceHandle(manager);
            }
        }
    }

    /// <summary>Requests to Microsoft's side; TLS certificates are checked as .NET does by itself.</summary>
    internal static class Cloud
    {
        // Without a time limit: who called the cmdlet sets one.
        private static readonly HttpClient client = new HttpClient(NewHandler()) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };

        /// <summary>.NET Framework's HttpClient goes by the process' default proxy; .NET's has another one of its own.</summary>
        private static HttpClientHandler NewHandler()
        {
            IWebProxy proxy = WebRequest.DefaultWebProxy;
            return new HttpClientHandler { UseProxy = proxy != null, Proxy = proxy };
        }

        internal static JObject Post(string path, object body)
        {
            HttpRequestMessage request = new HttpRequestMessage(HttpMethod.Post, Agent.MicrosoftSide + path);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Session.AccessToken);
            request.Content = new StringContent(JsonConvert.SerializeObject(body), Encoding.UTF8, "application/json");
            return Send(request);
        }

        internal static JObject PostForm(string path, Dictionary<string, string> fields)
        {
            HttpRequestMessage request = new HttpRequestMessage(HttpMethod.Post, Agent.MicrosoftSide + path);
            request.Content = new FormUrlEncodedContent(fields);
            return Send(request);
        }

        internal static JObject Get(string path)
        {
            return Send(new HttpRequestMessage(HttpMethod.Get, Agent.MicrosoftSide + path));
        }

        private static JObject Send(HttpRequestMessage request)
        {
            HttpResponseMessage response = client.SendAsync(request).GetAwaiter().GetResult();
            string text = response.Content.ReadAsStringAsync().GetAwaiter().GetResult();
            if (!response.IsSuccessStatusCode)
                throw Refusal((int)response.StatusCode, text);
            return text.Length == 0 ? new JObject() : JObject.Parse(text);
        }

        private static CloudSyncException Refusal(int status, string text)
        {
            string code = "HTTP" + status, message = "The service answered with HTTP status " + status + ".";
            try
            {
                JObject body = JObject.Parse(text);
                code = (string)(body["code"] ?? body["error"]) ?? code;
                message = (string)(body["message"] ?? body["error_description"]) ?? message;
            }
            catch (JsonException)
            {
                // A gateway's page instead of the service's answer: the status says all there is to say.
                code = "HTTP" + status;
            }
            return new CloudSyncException(code, message);
        }
    }

    /// <summary>What the cmdlets share: every failure ends the cmdlet.</summary>
    public abstract class CloudSyncCmdlet : PSCmdlet
    {
        protected abstract void Run();

        protected override void ProcessRecord()
        {
            try
            {
                Run();
            }
            catch (PipelineStoppedException)
            {
                throw;
            }
            catch (CloudSyncException error)
            {
                Fail(error, error.Code);
            }
            catch (Exception error)
            {
                Fail(error, error.GetType().Name);
            }
        }

        protected void RequireConnection()
        {
            if (Session.AccessToken == null)
                throw new InvalidOperationException("You must call the Connect-AADCloudSyncAzureAD cmdlet before calling any other cmdlets.");
        }

        private void Fail(Exception error, string code)
        {
            ThrowTerminatingError(new ErrorRecord(error, code, ErrorCategory.NotSpecified, null));
        }
    }

    [Cmdlet(VerbsCommunications.Connect, "AADCloudSyncAzureAD", DefaultParameterSetName = "Credential")]
    public sealed class ConnectAzureAD : CloudSyncCmdlet
    {
        // The Azure CLI's: the one public client that is known to get the registration scope (C6).
        private const string ClientId = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
        private const string Scope = "https://proxy.cloudwebappproxy.net/registerapp/user_impersonation";

        [Parameter(Mandatory = true, ParameterSetName = "Credential")]
        public PSCredential Credential { get; set; }

        [Parameter(Mandatory = true, ParameterSetName = "AccessToken")]
        [ValidateNotNullOrEmpty]
        public string AccessToken { get; set; }

        [Parameter(Mandatory = true, ParameterSetName = "AccessToken")]
        public Guid TenantId { get; set; }

        [Parameter(Mandatory = true, ParameterSetName = "AccessToken")]
        [ValidateNotNullOrEmpty]
        public string UserPrincipalName { get; set; }

        protected override void Run()
        {
            string token = AccessToken, tenant = TenantId.ToString(), user = UserPrincipalName;
            if (Credential != null)
            {
                user = Credential.UserName;
                token = SignIn(user, Credential.GetNetworkCredential().Password);
                tenant = (string)Payload(token)["tid"];
            }
            Session.AccessToken = token;
            Session.TenantId = tenant;
            Session.AccountIsSet = false;
            try
            {
                Cloud.Post("/registration/connect", new { tenantId = tenant, userPrincipalName = user, machineName = Agent.MachineName });
            }
            catch
            {
                Session.AccessToken = null;
                throw;
            }
        }

        private static string SignIn(string user, string password)
        {
            string tenant = user.Substring(user.IndexOf('@') + 1);
            Dictionary<string, string> fields = new Dictionary<string, string>();
            fields["grant_type"] = "password";
            fields["client_id"] = ClientId;
            fields["scope"] = Scope;
            fields["username"] = user;
            fields["password"] = password;
            return (string)Cloud.PostForm("/" + Uri.EscapeDataString(tenant) + "/oauth2/v2.0/token", fields)["access_token"];
        }

        private static JObject Payload(string token)
        {
            string part = token.Split('.')[1].Replace('-', '+').Replace('_', '/');
            part = part.PadRight((part.Length + 3) / 4 * 4, '=');
            return JObject.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(part)));
        }
    }

    [Cmdlet(VerbsCommon.Add, "AADCloudSyncGMSA", DefaultParameterSetName = "Default")]
    public sealed class AddGmsa : CloudSyncCmdlet
    {
        [Parameter(Mandatory = true, ParameterSetName = "Default")]
        public PSCredential Credential { get; set; }

        [Parameter(Mandatory = true, ParameterSetName = "Custom")]
        [ValidateNotNullOrEmpty]
        public string CustomGMSAName { get; set; }

        protected override void Run()
        {
            RequireConnection();
            JObject answer = Cloud.Post("/registration/gmsa", new
            {
                machineName = Agent.MachineName,
                userName = Credential == null ? null : Credential.UserName,
                password = Credential == null ? null : Credential.GetNetworkCredential().Password,
                customName = CustomGMSAName
            });
            Agent.SetAccount((string)answer["account"]);
            Session.AccountIsSet = true;
        }
    }

    [Cmdlet(VerbsCommon.Add, "AADCloudSyncADDomain")]
    public sealed class AddADDomain : CloudSyncCmdlet
    {
        [Parameter(Mandatory = true)]
        [ValidateNotNullOrEmpty]
        public string DomainName { get; set; }

        [Parameter(Mandatory = true)]
        public PSCredential Credential { get; set; }

        [Parameter]
        public string[] PreferredDomainControllers { get; set; }

        protected override void Run()
        {
            RequireConnection();
            // A group managed service account ends in "$"; a later run finds the one of an earlier run (C21).
            if (!Session.AccountIsSet && !Agent.Account.EndsWith("$", StringComparison.Ordinal))
                throw new InvalidOperationException("You must call the Add-AADCloudSyncGMSA cmdlet before adding a domain.");
            // An agent is its certificate: one that is gone or near its end makes a new agent, and the old record stays (V9).
            bool registered = String.Equals(Agent.TenantId, Session.TenantId, StringComparison.OrdinalIgnoreCase) && Agent.HasCertificate;
            JObject answer = Cloud.Post("/registration/domains", new
            {
                agentId = registered ? Agent.Id : null,
                machineName = Agent.MachineName,
                domain = DomainName,
                userName = Credential.UserName,
                password = Credential.GetNetworkCredential().Password,
                preferredDomainControllers = PreferredDomainControllers ?? new string[0]
            });
            string pfx = (string)answer["pfx"];
            if (!String.IsNullOrEmpty(pfx))
                Agent.Register(Session.TenantId, (string)answer["agentId"], Convert.FromBase64String(pfx), (string)answer["pfxPassword"]);
        }
    }

    /// <summary>One domain that the agent serves.</summary>
    public sealed class CloudSyncDomain
    {
        public string DomainName { get; set; }

        public string ServiceAccount { get; set; }

        public string[] PreferredDomainControllers { get; set; }
    }

    [Cmdlet(VerbsCommon.Get, "AADCloudSyncDomains")]
    [OutputType(typeof(CloudSyncDomain))]
    public sealed class GetDomains : CloudSyncCmdlet
    {
        protected override void Run()
        {
            string id = Agent.Id;
            if (String.IsNullOrEmpty(id))
                return;
            JObject answer = Cloud.Get("/registration/domains?agentId=" + Uri.EscapeDataString(id));
            foreach (JToken domain in (JArray)answer["domains"])
            {
                JArray controllers = domain["preferredDomainControllers"] as JArray;
                WriteObject(new CloudSyncDomain
                {
                    DomainName = (string)domain["name"],
                    ServiceAccount = (string)answer["account"],
                    PreferredDomainControllers = controllers == null ? new string[0] : controllers.ToObject<string[]>()
                });
            }
        }
    }
}
