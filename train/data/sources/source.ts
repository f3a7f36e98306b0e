/**
 * Description of a published data set: its downloads, the text files it becomes, checksums, licence.
 *
 * @module
 */

/** Algorithms of published checksums, the strongest first. */
export const ALGORITHMS = ["sha256", "sha1", "md5"] as const;

/** Algorithm of a checksum. */
export type Algorithm = typeof ALGORITHMS[number];

/** Checksums in hexadecimal, those that are known. */
export type Checksums = Readonly<Partial<Record<Algorithm, string>>>;

/** Known facts of a file; what is not published is left out. */
export interface PublishedFile {
  /** Length. */
  readonly bytes?: number;
  /** Checksums. */
  readonly checksums?: Checksums;
}

/** One file to download. */
export interface Download extends PublishedFile {
  /** File name on disk. */
  readonly name: string;
  /** Addresses of the same bytes, the preferred one first. */
  readonly urls: readonly string[];
}

/** One text file of the prepared folder, or several with numbers. */
export interface TextPart extends PublishedFile {
  /** File name; `$1` is the first group of {@link TextPart.entry}. */
  readonly path: string;
  /** Name in the archive, with its folders, or name of a separate file. */
  readonly entry: RegExp;
  /** Number of files, 1 by default. */
  readonly count?: number;
}

/** A published data set. */
export interface Source {
  /** Name and authors. */
  readonly title: string;
  /** Page that describes it. */
  readonly page: string;
  /** Licence of the text, in one line. */
  readonly licence: string;
  /** Remark about the addresses or the text. */
  readonly remark?: string;
  /** Complete sets of downloads; a later one is used where an earlier one cannot be reached. */
  readonly variants: readonly (readonly Download[])[];
  /** The prepared folder. */
  readonly parts: readonly TextPart[];
  /** Limit of all unpacked bytes, which no genuine archive exceeds. */
  readonly maxBytes: number;
  /** Line that an empty row of a Parquet file stands for; an empty line by default. */
  readonly emptyRow?: string;
}

/** A table of data sets by name. */
export type Sources = Readonly<Record<string, Source>>;
