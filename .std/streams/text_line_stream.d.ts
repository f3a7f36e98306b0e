/** Options of TextLineStream. */
export interface TextLineStreamOptions {
  allowCR?: boolean;
}
/** Splits a stream of strings into lines. */
export declare class TextLineStream extends TransformStream<string, string> {
  constructor(options?: TextLineStreamOptions);
}
