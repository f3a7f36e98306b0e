/**
 * Data sets for training: a table of sources, downloads that resume, readers of archives, and the
 * preparation of a folder. It uses files and the network.
 *
 * @module
 */
export type { Member } from "./archive/member.ts";
export { membersOf } from "./archive/members.ts";
export { prepare, type Prepared, type PrepareOptions, RECORD_NAME } from "./prepare.ts";
export {
  type Checksums,
  type Download,
  type PublishedFile,
  type Source,
  type Sources,
  type TextPart,
} from "./sources/source.ts";
export { SOURCES } from "./sources/table.ts";
export {
  download,
  type DownloadedFile,
  type TransferOptions,
  Unreachable,
} from "./transfer/download.ts";
export { Refused } from "./transfer/fetch_part.ts";
