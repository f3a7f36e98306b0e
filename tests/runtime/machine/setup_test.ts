import {
  type AdapterProbe,
  backportsStanza,
  driverCommand,
  type Machine,
  parseAptSources,
  setUp,
  thisMachine,
  tryProgram,
  tryProgramSync,
} from "@transformer-xl/runtime/setup";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Scratch } from "../../support/small_run.ts";

const DEBIAN_SOURCES = `# the release
Types: deb
# archive of a day
URIs: http://archive.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/archive.gpg
Check-Valid-Until: no

Types: deb deb-src
URIs: http://archive.test/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: http://archive.test/debian
Suites: bookworm-backports
Components: main
Enabled: no
`;

const UBUNTU_LIST = `# deb http://archive.test/ubuntu/ old main
deb [arch=amd64 signed-by=/k/a.gpg,/k/b.gpg] http://archive.test/ubuntu/ noble main restricted # fast
deb-src http://archive.test/ubuntu/ noble main
deb http://archive.test/ubuntu/ noble-updates main
deb http://other.test/cuda /
`;

const DEBIAN_RELEASE = 'PRETTY_NAME="Debian"\nVERSION_CODENAME=bookworm\nID=debian\n';
const UBUNTU_RELEASE = "ID=ubuntu\nVERSION_CODENAME=noble\nUBUNTU_CODENAME=noble\n";
const BACKPORTS_FILE = "/etc/apt/sources.list.d/transformer-xl-backports.sources";
const SOURCES_FILE = "/etc/apt/sources.list.d/debian.sources";

const READY: AdapterProbe = { adapter: "llvmpipe", problem: undefined };
const ABSENT: AdapterProbe = {
  adapter: undefined,
  problem: "Cannot find a GPU adapter: no Vulkan driver answers; run `deno task setup`",
};

/** A machine of files and package versions: `versions` maps a suite, or "" for none, to a version. */
class FakeMachine implements Machine {
  readonly os: string = "linux";
  readonly root: boolean = true;
  readonly files: Map<string, string>;
  readonly versions: Readonly<Record<string, string>>;
  readonly commands: readonly string[];
  readonly ran: string[] = [];
  #installed: string | undefined;
  installCode = 0;
  before = ABSENT;
  /** What apt knows beside the files. */
  policy = "";

  constructor(
    files: Readonly<Record<string, string>>,
    versions: Readonly<Record<string, string>>,
    options: { readonly root?: boolean; readonly os?: string; readonly commands?: string[] } = {},
  ) {
    this.files = new Map(Object.entries(files));
    this.versions = versions;
    this.root = options.root ?? true;
    this.os = options.os ?? "linux";
    this.commands = options.commands ?? ["apt-get"];
  }

  read(path: string): string | undefined {
    return this.files.get(path);
  }

  list(folder: string): readonly string[] {
    return [...this.files.keys()].filter((path) => path.startsWith(`${folder}/`))
      .map((path) => path.slice(folder.length + 1));
  }

  write(path: string, text: string): void {
    this.files.set(path, text);
  }

  remove(path: string): void {
    this.files.delete(path);
  }

  has(command: string): boolean {
    return this.commands.includes(command);
  }

  run(command: readonly string[]): Promise<{ code: number; output: string }> {
    const line = command.join(" ").replaceAll(/-o (DPkg|Acquire)\S+ /g, "");
    this.ran.push(line);
    const suite = /(?:Release=|-t )(\S+)/.exec(line)?.[1] ?? "";
    const isServed = suite === "" ||
      this.policy.includes(suite) ||
      this.list("/etc/apt/sources.list.d").some((name) =>
        parseAptSources(name, this.files.get(`/etc/apt/sources.list.d/${name}`)!)
          .some(({ suites }) => suites.includes(suite))
      );
    const version = (isServed ? this.versions[suite] : undefined) ?? this.versions[""] ?? "(none)";
    if (line.includes(" install ")) {
      if (this.installCode === 0) this.#installed = version;
      return Promise.resolve({ code: this.installCode, output: "" });
    }
    if (line === "apt-cache policy") return Promise.resolve({ code: 0, output: this.policy });
    return Promise.resolve({
      code: 0,
      output: `mesa:\n  Installed: (none)\n  Candidate: ${version}\n`,
    });
  }

  probe(): Promise<AdapterProbe> {
    if (this.before === READY) return Promise.resolve(READY);
    const isNew = /^(\d+:)?2[5-9]\./.test(this.#installed ?? "");
    return Promise.resolve(isNew ? READY : this.before);
  }
}

async function runSetUp(
  machine: Machine,
  agrees?: (question: string) => boolean,
): Promise<{ ready: boolean; said: string }> {
  const said: string[] = [];
  const ready = await setUp(machine, (line) => said.push(line), agrees);
  return { ready, said: said.join("\n") };
}

function debian(
  versions: Readonly<Record<string, string>>,
  options: ConstructorParameters<typeof FakeMachine>[2] = {},
): FakeMachine {
  const files = { "/etc/os-release": DEBIAN_RELEASE, [SOURCES_FILE]: DEBIAN_SOURCES };
  return new FakeMachine(files, versions, options);
}

const BOOKWORM = { "": "22.3.6-1+deb12u1", "bookworm-backports": "25.0.7-2~bpo12+1" };

Deno.test("parseAptSources() reads deb822 stanzas, comments and switched-off ones aside", () => {
  assertEquals(parseAptSources("debian.sources", DEBIAN_SOURCES), [
    {
      uris: ["http://archive.test/debian"],
      suites: ["bookworm", "bookworm-updates"],
      components: ["main"],
      options: { "Signed-By": "/usr/share/keyrings/archive.gpg", "Check-Valid-Until": "no" },
    },
    {
      uris: ["http://archive.test/debian-security"],
      suites: ["bookworm-security"],
      components: ["main"],
      options: {},
    },
  ]);
});

Deno.test("parseAptSources() keeps a key that is written inside a stanza", () => {
  const key =
    " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----";
  const stanza =
    `Types: deb\nURIs: http://a.test/\nSuites: sid\nComponents: main\nSigned-By:\n${key}\n`;
  const [source] = parseAptSources("a.sources", stanza);
  assertEquals(source!.options, { "Signed-By": `\n${key}` });
  const [again] = parseAptSources("b.sources", backportsStanza(source!, "sid"));
  assertEquals(again, { ...source!, suites: ["sid-backports"] });
});

Deno.test("parseAptSources() reads one-line entries with options and comments", () => {
  assertEquals(parseAptSources("/etc/apt/sources.list", UBUNTU_LIST), [
    {
      uris: ["http://archive.test/ubuntu/"],
      suites: ["noble"],
      components: ["main", "restricted"],
      options: { Architectures: "amd64", "Signed-By": "/k/a.gpg /k/b.gpg" },
    },
    {
      uris: ["http://archive.test/ubuntu/"],
      suites: ["noble-updates"],
      components: ["main"],
      options: {},
    },
    { uris: ["http://other.test/cuda"], suites: ["/"], components: [], options: {} },
  ]);
});

Deno.test("setUp() leaves a machine with a usable adapter alone", async () => {
  const machine = debian(BOOKWORM);
  machine.before = READY;
  assertEquals(await runSetUp(machine), { ready: true, said: 'Adapter "llvmpipe" is ready' });
  assertEquals(machine.ran, []);
});

Deno.test("setUp() takes Mesa 25 from Debian's backports in the same archive", async () => {
  const machine = debian(BOOKWORM);
  const { ready } = await runSetUp(machine);
  assert(ready);
  assertEquals(parseAptSources(BACKPORTS_FILE, machine.files.get(BACKPORTS_FILE)!), [{
    uris: ["http://archive.test/debian"],
    suites: ["bookworm-backports"],
    components: ["main"],
    options: { "Signed-By": "/usr/share/keyrings/archive.gpg", "Check-Valid-Until": "no" },
  }]);
  assertEquals(
    machine.ran.at(-1),
    "apt-get install -qq -y --no-install-recommends -t bookworm-backports libvulkan1 mesa-vulkan-drivers",
  );
});

Deno.test("setUp() replaces a software driver that is too old", async () => {
  const machine = debian(BOOKWORM);
  machine.before = { adapter: "llvmpipe", problem: "Cannot use adapter; run `deno task setup`" };
  const { ready, said } = await runSetUp(machine);
  assert(ready);
  assert(!said.includes("deno task setup"), said);
});

Deno.test("setUp() uses backports that are configured already", async () => {
  const machine = debian(BOOKWORM);
  machine.files.set(SOURCES_FILE, DEBIAN_SOURCES.replace("Enabled: no", ""));
  assert((await runSetUp(machine)).ready);
  assert(!machine.files.has(BACKPORTS_FILE));
  assertStringIncludes(machine.ran.at(-1)!, "-t bookworm-backports");
});

Deno.test("setUp() adds no source that apt knows under another name", async () => {
  const machine = debian(BOOKWORM);
  machine.policy = "release o=Debian Backports,a=stable-backports,n=bookworm-backports,l=Debian\n";
  assert((await runSetUp(machine)).ready);
  assert(!machine.files.has(BACKPORTS_FILE));
  assertStringIncludes(machine.ran.at(-1)!, "-t bookworm-backports");
});

Deno.test("setUp() asks once, names all it may change, and changes nothing without consent", async () => {
  const machine = debian(BOOKWORM);
  const before = new Map(machine.files);
  const questions: string[] = [];
  const { ready, said } = await runSetUp(machine, (question) => {
    questions.push(question);
    return false;
  });
  assertEquals([ready, machine.ran, machine.files], [false, [], before]);
  assertEquals(questions.length, 1);
  for (const change of ["libvulkan1", "mesa-vulkan-drivers", BACKPORTS_FILE]) {
    assertStringIncludes(questions[0]!, change);
  }
  assertStringIncludes(said, "Nothing was changed");
  assert((await runSetUp(machine, () => true)).ready);
  const served = debian(BOOKWORM);
  served.files.set(SOURCES_FILE, DEBIAN_SOURCES.replace("Enabled: no", ""));
  await runSetUp(served, (question) => {
    assert(!question.includes(BACKPORTS_FILE), question);
    return true;
  });
});

Deno.test("setUp() needs no backports where the release has Mesa 25", async () => {
  const files = { "/etc/os-release": UBUNTU_RELEASE, "/etc/apt/sources.list": UBUNTU_LIST };
  const machine = new FakeMachine(files, { "": "25.2.8-0ubuntu0.24.04.1" });
  assert((await runSetUp(machine)).ready);
  assert(!machine.files.has(BACKPORTS_FILE));
  assert(!machine.ran.at(-1)!.includes("-t "));
});

Deno.test("setUp() leaves no trace when the backports are too old or the install fails", async () => {
  const old = debian({ "": "20.3.5-1", "bookworm-backports": "24.1.0-1~bpo12+1" });
  const { ready, said } = await runSetUp(old);
  assert(!ready);
  assertStringIncludes(
    said,
    "Cannot install Mesa 25: bookworm-backports offers Mesa 24.1.0-1~bpo12+1",
  );
  assert(!old.files.has(BACKPORTS_FILE));
  const failing = debian(BOOKWORM);
  failing.installCode = 100;
  assert(!(await runSetUp(failing)).ready);
  assert(!failing.files.has(BACKPORTS_FILE));
});

Deno.test("setUp() without root prints the commands and installs nothing", async () => {
  const machine = debian(BOOKWORM, { root: false });
  const { ready, said } = await runSetUp(machine);
  assert(!ready);
  assertEquals(machine.ran, []);
  assertStringIncludes(said, "Suites: bookworm-backports\\n");
  assertStringIncludes(
    said,
    `| sudo tee ${BACKPORTS_FILE} && sudo apt-get update && sudo apt-get `,
  );
  assertStringIncludes(said, "-t bookworm-backports libvulkan1 mesa-vulkan-drivers");
});

Deno.test("driverCommand() names the command of each system", () => {
  const on = (os: string, ...commands: string[]): string =>
    driverCommand(new FakeMachine({}, {}, { os, commands }));
  assertStringIncludes(on("linux", "dnf"), "sudo dnf install");
  assertStringIncludes(on("linux", "pacman"), "vulkan-swrast");
  assertStringIncludes(on("linux", "zypper"), "libvulkan_lvp");
  assertStringIncludes(on("linux", "apk"), "mesa-vulkan-swrast");
  assertStringIncludes(on("linux"), "25 or newer");
  assertStringIncludes(on("darwin"), "Metal");
  assertStringIncludes(on("windows"), "Direct3D 12");
});

Deno.test("this machine runs commands and knows of those it lacks", async () => {
  const machine = thisMachine();
  const { code, output } = await machine.run([Deno.execPath(), "eval", "console.log(7)"]);
  assertEquals([code, output], [0, "7\n"]);
  assertEquals((await machine.run([Deno.execPath(), "eval", "Deno.exit(3)"])).code, 3);
  assertEquals((await machine.run(["no-such-command"])).code, 127);
  assert(!machine.has("no-such-command"));
});

Deno.test("a program that is missing, not executable or not the one meant is a result", async () => {
  await using scratch = new Scratch();
  const path = await scratch.text("mpirun", "#!/bin/sh\necho HYDRA\n");
  assertEquals(tryProgramSync([path]).code, 126);
  assertEquals((await tryProgram([path])).code, 126);
  assertEquals(tryProgramSync(["no-such-command"]).code, 127);
  assertEquals(tryProgramSync([Deno.execPath(), "--version"]).code, 0);
  // Programs of their own have another PATH; all tests of this process share its environment.
  const inFolder = async (folder: string, ...names: string[]) => {
    const program = `import { isOnPath, missingProgram } from "@transformer-xl/runtime/setup";
      const found = Deno.args.map((name) => [missingProgram(name), isOnPath(name)]);
      console.log(JSON.stringify(found));`;
    const { stdout } = await tryProgram([Deno.execPath(), "eval", program, ...names], {
      env: { PATH: folder },
      cwd: new URL("../../../", import.meta.url),
    });
    return JSON.parse(stdout) as [string, boolean][];
  };
  const names = ["mpirun", "python3", "git", "vulkaninfo", "nvidia-smi", "apt-get"];
  const absent = await inFolder(scratch.at("empty"), ...names);
  for (const [i, name] of names.entries()) {
    assertStringIncludes(absent[i]![0], `Cannot use "${name}": it is not installed; `);
    assertEquals(absent[i]![1], false);
  }
  if (Deno.build.os === "windows") return;
  assertEquals((await inFolder(scratch.path, "mpirun"))[0]![1], false);
  await Deno.chmod(path, 0o755);
  const [mpirun, git] = await inFolder(scratch.path, "mpirun", "git");
  assertStringIncludes(mpirun![0], 'this one prints "HYDRA"; install');
  assertEquals([mpirun![1], git![1]], [true, false]);
});

Deno.test("this machine passes the probe that set-up makes", async () => {
  assertEquals((await thisMachine().probe()).problem, undefined);
});
