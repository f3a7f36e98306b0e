/**
 * The kernel of gather with its loop, and its launch.
 *
 * @module
 */
import { dims, kernel, type Recorder, type Tensor } from "@transformer-xl/runtime/core";
import { i32 } from "@transformer-xl/runtime/wasm";
import { type RowCount, rowThreads } from "../shared/row_count.ts";
import { listedRowsCode } from "../shared/vector/listed_rows.ts";
import listedRows from "../shared/listed_rows.wgsl" with { type: "text" };
import source from "./gather.wgsl" with { type: "text" };

const GATHER = kernel<"x" | "rows" | "y", "count" | "columns" | "factor">(
  "gather",
  source + listedRows,
  ({ x, rows, y }, { count, columns, factor }) => {
    for (let i = 0; i < count; i++) {
      const [to, from] = [i * columns, rows[i]! * columns];
      for (let c = 0; c < columns; c++) y[to + c] = factor * x[from + c]!;
    }
  },
  listedRowsCode((_f, { store, own, listed, scaled }, { at }) => {
    store(i32.add(at.y, own), scaled(i32.add(at.x, listed)));
  }),
);

/** Records `y[i] = factor * x[rows[i]]` for i < count. */
export function launchGather(
  rec: Recorder,
  x: Tensor,
  rows: Tensor,
  y: Tensor,
  count: RowCount,
  factor: number,
): void {
  const { C, Rc } = dims({ x: "R C", rows: "Rc", y: "Rc C" }, { x, rows, y });
  rec.launch({
    kernel: GATHER,
    operands: { x, rows, y },
    scalars: { count, columns: C, factor },
    threads: rowThreads(rec, count, Rc, C),
  });
}
