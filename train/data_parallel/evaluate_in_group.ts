/**
 * One evaluation on all ranks, which a signal may stop.
 *
 * @module
 */
import { combineResults, type EvalResult, type Evaluator } from "@transformer-xl/eval";
import type { Batches } from "@transformer-xl/model";
import type { ProcessGroup } from "@transformer-xl/runtime";
import { agree, type RunRequest } from "./request.ts";

/**
 * Evaluates the columns of this process.
 *
 * @param ownRequest what this process is asked to do, looked at between segments
 * @param options.maxSegments segments to run; all if not positive
 * @param options.saves whether a wish to save interrupts the evaluation; it is dropped otherwise
 * @returns the loss of all processes, or what one of them was asked to do meanwhile
 * @throws {GroupError} when another process is gone
 */
export async function evaluateInGroup(
  group: ProcessGroup,
  evaluator: Evaluator,
  batches: Batches,
  ownRequest: () => RunRequest,
  { maxSegments, saves }: { readonly maxSegments: number; readonly saves: boolean },
): Promise<EvalResult | RunRequest> {
  let request: RunRequest = "none";
  const own = await evaluator.evaluate(batches, {
    ...(maxSegments > 0 && { maxSegments }),
    stops() {
      request = ownRequest();
      if (request === "save" && !saves) request = "none";
      return request !== "none";
    },
  });
  const agreed = await agree(group, request);
  return agreed === "none" ? await combineResults(group, own) : agreed;
}
