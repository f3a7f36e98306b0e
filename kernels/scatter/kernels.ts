/**
 * The kernel of scatter with its loop, and its launch; other moves of rows use it as well.
 *
 * @module
 */
import { dims, kernel, type Recorder, type Tensor } from "@transformer-xl/runtime/core";
import { f32x4, i32, v128 } from "@transformer-xl/runtime/wasm";
import { type RowCount, rowThreads } from "../shared/row_count.ts";
import { listedRowsCode } from "../shared/vector/listed_rows.ts";
import listedRows from "../shared/listed_rows.wgsl" with { type: "text" };
import source from "./scatter.wgsl" with { type: "text" };

const SCATTER = kernel<"x" | "rows" | "y", "count" | "columns" | "factor" | "accumulate">(
  "scatter",
  source + listedRows,
  ({ x, rows, y }, { count, columns, factor, accumulate }) => {
    for (let i = 0; i < count; i++) {
      const [from, to] = [i * columns, rows[i]! * columns];
      for (let c = 0; c < columns; c++) {
        y[to + c] = factor * x[from + c]! + (accumulate ? y[to + c]! : 0);
      }
    }
  },
  listedRowsCode<"accumulate">((f, { store, own, listed, scaled }, { at, int }) => {
    const value = f.vector(scaled(i32.add(at.x, own)));
    const to = f.int(i32.add(at.y, listed));
    f.when(int.accumulate, () => f.set(value, f32x4.add(value, v128.load(to))));
    store(to, value);
  }),
);

/** Records `y[rows[i]] (+)= factor * x[i]` for i < count. */
export function launchScatter(
  rec: Recorder,
  x: Tensor,
  rows: Tensor,
  y: Tensor,
  count: RowCount,
  { factor, accumulate }: { readonly factor: number; readonly accumulate: boolean },
): void {
  const { C, Rc } = dims({ x: "Rc C", rows: "Rc", y: "R C" }, { x, rows, y });
  rec.launch({
    kernel: SCATTER,
    operands: { x, rows, y },
    scalars: { count, columns: C, factor, accumulate: accumulate ? 1 : 0 },
    threads: rowThreads(rec, count, Rc, C),
  });
}
