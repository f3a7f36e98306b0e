/**
 * A GPU of plain arrays whose maps must be awaited, as the standard requires and Deno does not. It
 * implements the part used by readback.
 *
 * @module
 */

class AwaitingBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  state: "unmapped" | "pending" | "mapped" = "unmapped";

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  async mapAsync(): Promise<void> {
    if (this.state !== "unmapped") throw new TypeError(`buffer is ${this.state}`);
    this.state = "pending";
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.state = "mapped";
  }

  getMappedRange(offset = 0, size = this.bytes.length): ArrayBuffer {
    if (this.state !== "mapped") throw new TypeError(`buffer is ${this.state}`);
    return this.bytes.slice(offset, offset + size).buffer;
  }

  unmap(): void {
    this.state = "unmapped";
  }

  destroy(): void {}
}

type Copy = () => void;

/** The device as {@link Readback.open} takes it. */
export function awaitingGpu(): GPUDevice {
  const device = {
    createBuffer: ({ size }: { size: number }) => new AwaitingBuffer(size),
    createCommandEncoder() {
      const copies: Copy[] = [];
      return {
        copyBufferToBuffer(
          from: AwaitingBuffer,
          offset: number,
          to: AwaitingBuffer,
          at: number,
          size: number,
        ) {
          copies.push(() => {
            if (to.state !== "unmapped") throw new TypeError(`copy into a ${to.state} buffer`);
            to.bytes.set(from.bytes.subarray(offset, offset + size), at);
          });
        },
        finish: () => copies,
      };
    },
    queue: {
      submit: (lists: readonly (readonly Copy[])[]) => lists.flat().forEach((copy) => copy()),
      writeBuffer(buffer: AwaitingBuffer, at: number, values: Uint32Array<ArrayBuffer>) {
        buffer.bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
      },
    },
  };
  return device as unknown as GPUDevice;
}
