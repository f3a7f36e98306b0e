"""An exported model in Python's ONNX Runtime, a peer in measurements of evaluation.

Takes a workload as JSON (`Workload` of peer.ts), the path of the model and its number of parameters.
Prints one line of JSON about itself; then, for every number in standard input, runs as many steps and
prints a line with their milliseconds, the processor time of all threads and the last loss.
"""

import json
import sys
import time

import numpy as np
import onnxruntime


def main():
    workload, path, parameters = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    lengths = workload["lengths"]
    rows, batch = lengths["tgtLen"], lengths["batchSize"]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = workload["threads"]
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    memory = {}
    for value in session.get_inputs():
        if value.name == "memory_rows":
            memory[value.name] = np.zeros([1], np.int64)
        elif value.name.startswith("memory."):
            memory[value.name] = np.zeros([batch, *value.shape[1:]], np.float32)
    names = ["losses", *(f"new_{name}" for name in memory)]
    ids = np.fromfile(workload["files"]["ids"], np.uint32).astype(np.int64)
    # Rows of time in the file, columns of the batch in the model.
    segments, ran = ids.reshape(-1, 2, rows, batch).transpose(0, 1, 3, 2).copy(), 0

    def run():
        nonlocal memory, ran
        inputs, targets = segments[ran % len(segments)]
        ran += 1
        losses, *rest = session.run(names, {"ids": inputs, "targets": targets, **memory})
        memory = dict(zip(memory, rest))
        return float(losses.mean())

    say({
        "detail": f"onnxruntime {onnxruntime.__version__}, {workload['threads']} threads",
        "parameters": parameters,
    })
    for line in sys.stdin:
        start, before = time.perf_counter(), time.process_time()
        for _ in range(int(line)):
            loss = run()
        ms, cpu = time.perf_counter() - start, time.process_time() - before
        say({"ms": 1e3 * ms, "cpuMs": 1e3 * cpu, "loss": loss})


def say(record):
    print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
