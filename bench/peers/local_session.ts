/**
 * A peer in this process.
 *
 * @module
 */
import type { Segment } from "@transformer-xl/model";
import process from "node:process";
import type { PeerSession, Sample } from "./peer.ts";

/** Steps on segments. */
export interface Runner {
  /** Runs a segment. */
  run(segment: Segment): void | Promise<void>;
  /** Mean losses since the last call in nats, oldest first. */
  losses(): Promise<readonly number[]>;
}

/** What a session shows, and what it runs. */
export interface LocalPeer {
  /** See {@link PeerSession.detail}. */
  readonly detail: string;
  /** See {@link PeerSession.parameters}. */
  readonly parameters: number;
  /** Its steps. */
  readonly runner: Runner;
  /** Taken in turns. */
  readonly segments: readonly Segment[];
  /** Freed with the session. */
  readonly owned: AsyncDisposable;
}

/** A session whose processor time is that of this process. */
export class LocalSession implements PeerSession {
  readonly #peer: LocalPeer;
  #ran = 0;

  /** Takes over what the peer owns. */
  constructor(peer: LocalPeer) {
    this.#peer = peer;
  }

  get detail(): string {
    return this.#peer.detail;
  }

  get parameters(): number {
    return this.#peer.parameters;
  }

  async run(steps: number): Promise<Sample> {
    const { runner, segments } = this.#peer;
    const [startMs, before] = [performance.now(), process.cpuUsage()];
    for (let step = 0; step < steps; step++) {
      await runner.run(segments[this.#ran++ % segments.length]!);
    }
    const losses = await runner.losses();
    const { user, system } = process.cpuUsage(before);
    const ms = performance.now() - startMs;
    return { ms, cpuMs: (user + system) / 1000, loss: losses.at(-1)! };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer.owned[Symbol.asyncDispose]();
  }
}
