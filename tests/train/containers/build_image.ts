/**
 * Trial of the image by hand: builds it over a root of debootstrap, with Debian's buildah or by running
 * the lines of the Dockerfile in the root, and trains and evaluates the tiny preset in it.
 *
 *     deno run -A tests/train/containers/build_image.ts --to FOLDER
 *
 * It runs as root and needs `apt-get install debootstrap buildah`. The folder keeps the root, so that
 * another trial is short.
 *
 * @module
 */
import { fileInfo, parseFlags, runCli } from "@transformer-xl/runtime";
import { z } from "zod";
import { ROOT } from "../../repository/rules/source_tree.ts";
import { instructionsOf, valuesOf } from "./dockerfile.ts";

const schema = z.strictObject({
  to: z.string().describe("Folder of the root and the image"),
  form: z.enum(["buildah", "root"]).default("buildah")
    .describe("Build with buildah, or run the lines in the root"),
  suite: z.string().default("trixie").describe("Release of Debian"),
  mirror: z.string().default("http://deb.debian.org/debian").describe("Archive of Debian"),
  registry: z.string().default("https://registry.npmjs.org").describe("Registry of npm packages"),
});

type Config = z.infer<typeof schema>;

/** Programs that show that an image works, with the driver of the CPU. */
const TRIALS: readonly string[] = [
  "deno task doctor",
  "deno task train --preset tiny --device gpu --max_step 20 --work_dir /tmp/tiny",
  "deno task eval --device gpu --work_dir /tmp/tiny --manual 'To be, or not to be'",
];

const DOCKERFILE = "train/containers/Dockerfile";

/** Runs a command in the repository's root, with its output on the console. */
async function run(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
  console.log(`$ ${command.join(" ")}`);
  const [program, ...args] = command;
  const { code } = await new Deno.Command(program!, { args, env, cwd: ROOT }).spawn().status;
  if (code !== 0) throw new Error(`Cannot go on: ${program} ended with ${code}`);
}

/** Output of a command. */
async function outputOf(program: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout } = await new Deno.Command(program, { args: [...args], cwd: ROOT }).output();
  if (code !== 0) throw new Error(`Cannot go on: ${program} ended with ${code}`);
  return new TextDecoder().decode(stdout).trim();
}

/** A minimal Debian, which trusts what this machine trusts beside public certificates. */
async function makeRoot({ to, suite, mirror }: Config): Promise<string> {
  const root = `${to}/root`;
  if (await fileInfo(`${root}/etc/os-release`)) return root;
  await Deno.mkdir(root, { recursive: true });
  await run(["debootstrap", "--variant=minbase", suite, root, mirror]);
  await run(["cp", "-r", "/usr/local/share/ca-certificates", `${root}/usr/local/share/`]);
  return root;
}

/** The image by buildah, and its trials. */
async function build({ to, registry }: Config, root: string): Promise<void> {
  const buildah = ["buildah", "--root", `${to}/store`, "--runroot", `${to}/runroot`];
  const isolation = ["--isolation", "chroot"];
  const [program, ...rest] = buildah;
  const base = await outputOf(program!, ...rest, "from", "scratch");
  await run([...buildah, "add", "--quiet", base, root, "/"]);
  await run([...buildah, "commit", "--quiet", "--rm", base, "transformer-xl-base"]);
  await run([
    ...[...buildah, "build", ...isolation, "--network", "host", "--pull=never"],
    ...["--ignorefile", `${DOCKERFILE}.dockerignore`, "--file", DOCKERFILE],
    ...[
      "--build-arg",
      "BASE=localhost/transformer-xl-base",
      "--build-arg",
      `NPM_REGISTRY=${registry}`,
    ],
    ...["--tag", "transformer-xl", "."],
  ]);
  const trial = await outputOf(program!, ...rest, "from", "--pull=never", "transformer-xl");
  for (const line of TRIALS) {
    await run([...buildah, "run", ...isolation, trial, "--", "sh", "-c", line]);
  }
}

/** The lines of the Dockerfile in a copy of the root, and the trials. */
async function runLines({ to, registry }: Config, root: string): Promise<void> {
  const image = `${to}/image`;
  await run(["rm", "-rf", image]);
  await run(["cp", "-a", root, image]);
  await run(["cp", "/etc/resolv.conf", `${image}/etc/resolv.conf`]);
  for (const folder of ["proc", "dev"]) {
    await run(["mount", "--rbind", `/${folder}`, `${image}/${folder}`]);
  }
  try {
    const instructions = instructionsOf(await Deno.readTextFile(new URL(DOCKERFILE, ROOT)));
    const env = {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: "/root",
    };
    const values = { ...env, ...valuesOf(instructions, "ARG"), ...valuesOf(instructions, "ENV") };
    let folder = "/";
    const shell = (line: string) =>
      run(["chroot", image, "/bin/sh", "-c", `mkdir -p ${folder} && cd ${folder} && ${line}`], {
        ...values,
        NPM_REGISTRY: registry,
      });
    for (const { name, text } of instructions) {
      if (name === "WORKDIR") folder = text;
      if (name === "COPY") await copyContext(`${image}${folder}`);
      if (name === "RUN") await shell(text);
    }
    for (const line of TRIALS) await shell(line);
  } finally {
    for (const folder of ["proc", "dev"]) {
      await run(["umount", "--recursive", "--lazy", `${image}/${folder}`]);
    }
  }
}

/** What the ignore file leaves of the repository. */
async function copyContext(to: string): Promise<void> {
  const lines = (await Deno.readTextFile(new URL(`${DOCKERFILE}.dockerignore`, ROOT))).split("\n");
  const kept = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
  await Deno.mkdir(to, { recursive: true });
  await run(["cp", "-r", ...kept, to]);
}

if (import.meta.main) {
  await runCli(async () => {
    const { config } = parseFlags(schema, Deno.args);
    const root = await makeRoot(config);
    if (config.form === "buildah") await build(config, root);
    else await runLines(config, root);
    return 0;
  });
}
