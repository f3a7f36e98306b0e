import { assertEquals, assertMatch } from "@std/assert";
import { fittingLine, JsonLog, ProgressLine, TextLog } from "@transformer-xl/runtime";

const directory = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));

Deno.test("JsonLog has each record in the file before write() returns, and opens lazily", () => {
  const path = `${directory}/lazy.jsonl`;
  using log = new JsonLog(path);
  assertEquals([...Deno.readDirSync(directory)].length, 0);
  log.write({ step: 1, lossNats: 9.5, note: "two\nlines" });
  assertEquals(Deno.readTextFileSync(path), '{"step":1,"lossNats":9.5,"note":"two\\nlines"}\n');
  log.write({ values: [1, NaN, Infinity, -Infinity, null] });
  assertEquals(
    Deno.readTextFileSync(path).split("\n")[1],
    '{"values":[1,"NaN","Infinity","-Infinity",null]}',
  );
});

Deno.test("JsonLog appends to an older log, ends an incomplete line, and truncates on request", () => {
  const path = `${directory}/old.jsonl`;
  Deno.writeTextFileSync(path, '{"step":1}\n{"ste');
  {
    using log = new JsonLog(path);
    log.write({ step: 2 });
  }
  assertEquals(Deno.readTextFileSync(path), '{"step":1}\n{"ste\n{"step":2}\n');
  {
    using log = new JsonLog(path, { mode: "truncate" });
    log.write({ step: 3 });
    log.close();
    log.write({ step: 4 });
  }
  assertEquals(Deno.readTextFileSync(path), '{"step":3}\n{"step":4}\n');
});

Deno.test("two logs of one file do not overwrite each other", () => {
  const path = `${directory}/shared.jsonl`;
  using first = new JsonLog(path);
  using second = new JsonLog(path);
  first.write({ rank: 0 });
  second.write({ rank: 1 });
  first.write({ rank: 0 });
  assertEquals(Deno.readTextFileSync(path), '{"rank":0}\n{"rank":1}\n{"rank":0}\n');
});

Deno.test("TextLog writes bare messages to the console and dated ones to the file", () => {
  const path = `${directory}/train_log.log`;
  let screen = "";
  const options = {
    path,
    console: (text: string) => void (screen += text),
    now: () => new Date(2020, 0, 2, 3, 4, 5),
  };
  {
    using log = new TextLog(options);
    log.write("world size: 1");
    log.write("Overflow detected", "WARNING");
  }
  {
    using log = new TextLog({ ...options, rank: 3 });
    log.write("resumed");
  }
  assertEquals(screen, "world size: 1\nOverflow detected\n3: resumed\n");
  assertEquals(
    Deno.readTextFileSync(path),
    "2020-01-02 03:04:05 - INFO - world size: 1\n" +
      "2020-01-02 03:04:05 - WARNING - Overflow detected\n" +
      "2020-01-02 03:04:05 - INFO - 3 - resumed\n",
  );
  using silent = new TextLog({ path, mode: "truncate", console: false });
  silent.write("quiet");
  assertMatch(
    Deno.readTextFileSync(path),
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - INFO - quiet\n$/,
  );
  assertEquals(screen, "world size: 1\nOverflow detected\n3: resumed\n");
});

Deno.test("ProgressLine overwrites itself ten times a second and yields to log lines", () => {
  let screen = "";
  let nowMs = 0;
  const terminal = {
    isTerminal: () => true,
    columns: () => 10,
    write: (text: string) => void (screen += text),
  };
  const progress = new ProgressLine(terminal, () => nowMs);
  using log = new TextLog({ console: terminal.write, progress });
  log.write("start");
  progress.update("1 / 5");
  progress.update("2 / 5");
  nowMs = 100;
  progress.update("3 / 5 | long text");
  log.write("line");
  progress.update("4 / 5");
  progress.clear();
  progress.clear();
  assertEquals(
    screen,
    "start\n\r1 / 5\x1b[K\r3 / 5 | l\x1b[K\r\x1b[Kline\n\r4 / 5\x1b[K\r\x1b[K",
  );
});

Deno.test("ProgressLine writes nothing where there is no terminal", () => {
  const refuse = (): never => {
    throw new Error("written to");
  };
  const progress = new ProgressLine({ isTerminal: () => false, columns: refuse, write: refuse });
  assertEquals(progress.shows, false);
  progress.update("1 / 5");
  progress.clear();
});

Deno.test("the parts of a progress line go by rank until they fit, and the last one is cut", () => {
  const parts = [
    { text: "step 7", rank: 0 },
    { text: "0.1%", rank: 3 },
    { text: "loss 4.21", rank: 1 },
    { text: "0:10 left", rank: 2 },
  ];
  const lines = [80, 38, 37, 30, 20, 18, 3].map((columns) => fittingLine(parts, columns));
  assertEquals(lines, [
    "step 7 | 0.1% | loss 4.21 | 0:10 left",
    "step 7 | 0.1% | loss 4.21 | 0:10 left",
    ...["step 7 | loss 4.21 | 0:10 left", "step 7 | loss 4.21", "step 7 | loss 4.21"],
    ...["step 7", "step 7"],
  ]);
  let screen = "";
  const write = (text: string) => void (screen += text);
  new ProgressLine({ isTerminal: () => true, columns: () => 3, write }).update(parts);
  assertEquals(screen, "\rst\x1b[K");
});
