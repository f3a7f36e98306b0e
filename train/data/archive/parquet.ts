/**
 * Rows of text in a Parquet file as lines, one row group at a time.
 *
 * @module
 */
import { DataError, messageOf, quoted } from "@transformer-xl/runtime";
import type { FileBytes } from "./file_bytes.ts";
import { damaged } from "./member.ts";

/** Column of the text. */
const COLUMN = "text";

/**
 * The text of the column `text`. A row without a line feed gets one.
 *
 * @param emptyRow the line of a row without characters
 * @throws {DataError} if the file has no such column, is damaged or packed in an unknown way
 */
export async function* parquetText(
  path: string,
  bytes: FileBytes,
  emptyRow: string,
): AsyncGenerator<Uint8Array> {
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import("hyparquet");
  const file = {
    byteLength: bytes.size,
    slice: async (from: number, to = bytes.size) => {
      const chunk = await bytes.read(from, to - from);
      return chunk.buffer.slice(chunk.byteOffset, chunk.byteOffset + chunk.length);
    },
  };
  const encoder = new TextEncoder();
  try {
    const metadata = await parquetMetadataAsync(file);
    const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
    if (!columns.includes(COLUMN)) {
      throw new DataError(
        `Cannot unpack ${quoted(path)}: it has the columns ${columns.join(", ")}, ` +
          `"${COLUMN}" is wanted`,
      );
    }
    let rowStart = 0;
    for (const { num_rows } of metadata.row_groups) {
      const rowEnd = rowStart + Number(num_rows);
      const rows = await parquetReadObjects({
        file,
        metadata,
        columns: [COLUMN],
        rowStart,
        rowEnd,
      });
      const lines = rows.map((row) => lineOf(String(row[COLUMN] ?? ""), emptyRow));
      rowStart = rowEnd;
      yield encoder.encode(lines.join(""));
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw damaged(path, messageOf(error).replace(/^parquet /, "its Parquet "), error);
  }
}

function lineOf(row: string, emptyRow: string): string {
  if (row === "") return emptyRow;
  return row.endsWith("\n") ? row : `${row}\n`;
}
