/**
 * One evaluation on all ranks, which a signal may stop.
 *
 * @module
 */
import { combineResults, type EvalResult, type Evaluator } from "@transformer-xl/eval";
import type { SegmentSource } from "@transformer-xl/model";
import type { ProcessGroup } from "@transformer-xl/runtime";
import { agree, type RunRequest } from "./request.ts";

/**
 * Evaluates the columns of this process.
 *
 * @param ownRequest request of this rank, polled between segments
 * @param options.maxSegments segments to run; all if not positive
 * @param options.saves whether a save request interrupts the evaluation; otherwise it is ignored
 * @returns the loss over all ranks, or the request that interrupted the evaluation
 * @throws {GroupError} when another rank has ended
 */
export async function evaluateInGroup(
  group: ProcessGroup,
  evaluator: Evaluator,
  batches: SegmentSource,
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
