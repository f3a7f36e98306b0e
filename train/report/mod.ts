/**
 * Reports on runs: the history that a log tells, pages of HTML and pictures of the loss. It uses
 * files.
 *
 * @module
 */
export { historyOf, JSON_LOG, readHistory } from "./history/read_history.ts";
export { type Facts, RunHistory, type StepPoint, type Validation } from "./history/run_history.ts";
export { type Merge, Thinned } from "./history/thinned.ts";
export { report } from "./main.ts";
export { openTelemetry, type TelemetryStart } from "./followers/telemetry_records.ts";
export { comparedCurves, lossCurve, type Losses, type NamedLosses } from "./page/loss_curve.ts";
export type { LossPoint } from "./page/loss_frame.ts";
export { comparisonPage, runPage } from "./page/report_page.ts";
export { runCurve } from "./page/run_curve.ts";
export { type NamedRun, type RunState, stateOf } from "./page/run_data.ts";
export { card, COLORS, escaped, FONTS } from "./page/svg.ts";
export { REPORT_FILES, writeReport } from "./write_report.ts";
export { type ProgressRange, TrainingProgress } from "./training_progress.ts";
