// Lets the lab's PowerShell compile each C# source of Ansible's modules once, and not again in every process.
// Copyright (c) 2026 entra_ops contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Ansible compiles its C# in every PowerShell process with Roslyn, which takes 2.5 s of processor time under Wine, more than all else
// that a module does. .NET runs this assembly first in every process (it is a start-up hook) and PowerShell then takes the
// types below for the Roslyn types that Ansible's Add-CSharpType names: they note what is to be compiled
// and ask the real compiler only if the folder "compiled" beside this file has no assembly of just these sources, symbols, references
// and options.
// Windows itself compiles with csc.exe, so nothing of this stands for something of a real host.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

internal static class StartupHook
{
    public static void Initialize()
    {
        var add = typeof(System.Management.Automation.PSObject).Assembly
            .GetType("System.Management.Automation.TypeAccelerators", true).GetMethod("Add", new[] { typeof(string), typeof(Type) });
        foreach (var stand_in in new Dictionary<string, Type>
        {
            ["Microsoft.CodeAnalysis.CompilationReference"] = typeof(CloudSyncLab.Reference),
            ["Microsoft.CodeAnalysis.MetadataReference"] = typeof(CloudSyncLab.Reference),
            ["Microsoft.CodeAnalysis.SyntaxTree"] = typeof(CloudSyncLab.Source),
            ["Microsoft.CodeAnalysis.CSharp.CSharpSyntaxTree"] = typeof(CloudSyncLab.Source),
            ["Microsoft.CodeAnalysis.CSharp.CSharpParseOptions"] = typeof(CloudSyncLab.Symbols),
            ["Microsoft.CodeAnalysis.CSharp.CSharpCompilationOptions"] = typeof(CloudSyncLab.Options),
            ["Microsoft.CodeAnalysis.CSharp.CSharpCompilation"] = typeof(CloudSyncLab.Compilation),
        })
        {
            add.Invoke(null, new object[] { stand_in.Key, stand_in.Value });
        }
    }
}

namespace CloudSyncLab
{
    public sealed record Reference(string Path)
    {
        public static Reference CreateFromFile(string path) => new Reference(path);
    }

    public sealed record Symbols(string[] Names)
    {
        public static Symbols Default => new Symbols(new string[0]);
        public Symbols WithPreprocessorSymbols(params string[] names) => new Symbols(names);
    }

    public sealed record Source(string Text, Symbols Symbols)
    {
        public static Source ParseText(string text, Symbols symbols) => new Source(text, symbols);
    }

    public sealed record Options(OutputKind Kind)
    {
        public OptimizationLevel Optimization { get; private init; }
        public ReportDiagnostic General { get; private init; }
        public Dictionary<string, ReportDiagnostic> Specific { get; private init; } = new Dictionary<string, ReportDiagnostic>();
        public bool Unsafe { get; private init; }

        public Options WithOptimizationLevel(OptimizationLevel level) => this with { Optimization = level };
        public Options WithGeneralDiagnosticOption(ReportDiagnostic general) => this with { General = general };
        public Options WithSpecificDiagnosticOptions(Dictionary<string, ReportDiagnostic> specific) => this with { Specific = specific };
        public Options WithAllowUnsafe(bool allowed) => this with { Unsafe = allowed };
    }

    /// What Add-CSharpType reads of the result of a compilation that went well.
    public sealed record Compiled(bool Success = true);

    public sealed class Compilation
    {
        private static readonly string Folder = Path.Combine(Path.GetDirectoryName(typeof(Compilation).Assembly.Location), "compiled");
        // An assembly has the name it was compiled with, and a process takes only one of a name.
        private static readonly HashSet<string> Taken = new HashSet<string>();
        private readonly Source[] sources;
        private readonly string[] references;
        private readonly Options options;
        private readonly string name;

        private Compilation(string name, Source[] sources, string[] references, Options options)
        {
            this.name = name;
            this.sources = sources;
            this.references = references;
            this.options = options;
        }

        public static Compilation Create(string name, IEnumerable<Source> sources, IEnumerable<Reference> references, Options options) =>
            new Compilation(name, sources.ToArray(), references.Select(reference => reference.Path).Distinct().ToArray(), options);

        /// ansible-core up to 2.20: symbols in a stream of their own.
        public object Emit(Stream code, Stream symbols) => Emit(code, symbols, null, null, null, null);

        /// ansible-core from 2.21 on. What is not passed by it is not noted either.
        public object Emit(Stream code, Stream symbols, object documentation, object resources, object manifest, EmitOptions emit)
        {
            var file = Path.Combine(Folder, Digest(symbols != null, emit));
            if (!Taken.Add(file))
            {
                return Real().Emit(code, symbols, options: emit);
            }
            if (!File.Exists(file + ".dll"))
            {
                var result = Keep(file, symbols != null, emit);
                if (!result.Success)
                {
                    return result;
                }
            }
            Copy(file + ".dll", code);
            if (symbols != null)
            {
                Copy(file + ".pdb", symbols);
            }
            return new Compiled();
        }

        private string Digest(bool symbols, EmitOptions emit)
        {
            var all = new List<string> { symbols.ToString(), emit == null ? "" : emit.DebugInformationFormat.ToString() };
            all.AddRange(new[] { options.Kind.ToString(), options.Optimization.ToString(), options.General.ToString(), options.Unsafe.ToString() });
            all.AddRange(options.Specific.Select(option => option.Key + "=" + option.Value));
            all.AddRange(references);
            foreach (var source in sources)
            {
                all.AddRange(source.Symbols.Names);
                all.Add(source.Text);
            }
            return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join("\0", all))));
        }

        private EmitResult Keep(string file, bool symbols, EmitOptions emit)
        {
            var compilation = Real();
            using var code = new MemoryStream();
            using var pdb = symbols ? new MemoryStream() : null;
            var result = compilation.Emit(code, pdb, options: emit);
            if (result.Success)
            {
                if (symbols)
                {
                    Write(file + ".pdb", pdb);
                }
                Write(file + ".dll", code);
            }
            return result;
        }

        /// Several processes may do this at the same time: each file appears whole, the assembly last.
        private static void Write(string file, MemoryStream content)
        {
            var part = file + "." + Guid.NewGuid();
            File.WriteAllBytes(part, content.ToArray());
            File.Move(part, file, true);
        }

        private static void Copy(string file, Stream target)
        {
            var content = File.ReadAllBytes(file);
            target.Write(content, 0, content.Length);
        }

        private CSharpCompilation Real()
        {
            var trees = sources.Select(
                source => CSharpSyntaxTree.ParseText(source.Text, CSharpParseOptions.Default.WithPreprocessorSymbols(source.Symbols.Names)));
            var libraries = references.Select(path => MetadataReference.CreateFromFile(path));
            var real = new CSharpCompilationOptions(options.Kind).WithOptimizationLevel(options.Optimization)
                .WithGeneralDiagnosticOption(options.General).WithSpecificDiagnosticOptions(options.Specific).WithAllowUnsafe(options.Unsafe);
            return CSharpCompilation.Create(name, trees, libraries, real);
        }
    }
}
