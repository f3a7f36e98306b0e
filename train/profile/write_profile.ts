/**
 * The files of a profile, `profile.md` and `profile_trace.json` of the work directory.
 *
 * @module
 */
import { isSystemError, systemReason, type TextLog } from "@transformer-xl/runtime";
import { meanStepMs, type ProfileFacts, profileTable } from "./profile_table.ts";
import { type Profile, stepsText } from "./step_profiler.ts";
import { traceText } from "./trace.ts";

/** Names of the files. */
export const PROFILE_FILES = { table: "profile.md", trace: "profile_trace.json" } as const;

/** Writes both files and a line about them. What cannot be written is a warning. */
export async function writeProfile(
  workDir: string,
  profile: Profile,
  facts: ProfileFacts,
  text: TextLog,
): Promise<void> {
  const table = `${workDir}/${PROFILE_FILES.table}`;
  const trace = `${workDir}/${PROFILE_FILES.trace}`;
  const { plans } = profile.steps[0]!;
  const launches = plans.flatMap(({ ops }) => ops.flatMap(({ commands }) => commands)).length;
  try {
    await Deno.writeTextFile(table, profileTable(profile, facts).join("\n"));
    await Deno.writeTextFile(trace, traceText(profile, facts.device));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    text.write(`Cannot write the profile to "${workDir}": ${systemReason(error)}`, "WARNING");
    return;
  }
  text.write(
    `Profile of ${stepsText(profile)}: ${
      meanStepMs(profile).toFixed(1)
    } ms on the device per step, ${launches} launches; table "${table}", trace "${trace}"`,
  );
}
