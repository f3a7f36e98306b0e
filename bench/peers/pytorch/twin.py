"""The model in PyTorch, a peer in measurements: the weights and ids of the others.

Takes a workload as JSON (`Workload` of peer.ts) and a way to keep memory, `hidden` or `keys`. Prints
one line of JSON about itself; then, for every number in standard input, runs as many steps and prints
a line with their milliseconds, the processor time of all threads and the last loss.
"""

import ctypes
import json
import math
import os
import resource
import struct
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    """Relative attention (Dai et al. 2019), with the layer norm behind it."""

    def __init__(self, model, keeps_keys):
        super().__init__()
        width, self.heads, self.size = model["dModel"], model["nHead"], model["dHead"]
        self.keeps_keys = keeps_keys
        inner = self.heads * self.size
        self.qkv = nn.Linear(width, 3 * inner, bias=False)
        self.positions = nn.Linear(width, inner, bias=False)
        self.out = nn.Linear(inner, width, bias=False)
        self.norm = nn.LayerNorm(width)
        self.drop = nn.Dropout(model["dropout"])

    def keys_and_values(self, memory, x):
        """Queries of x, keys and values of memory and x, and what the next memory is cut from."""
        inner = self.heads * self.size
        if self.keeps_keys:
            queries, both = self.qkv(x).split([inner, 2 * inner], -1)
            both = torch.cat([memory, both])
            return queries, both, both
        rows = torch.cat([memory, x])
        queries, both = self.qkv(rows).split([inner, 2 * inner], -1)
        return queries[-x.size(0):], both, rows

    def forward(self, x, memory, r, u, v, mask):
        """x [Q, B, D], memory [M, B, C], r [K, N, H], u and v [N, H], mask [Q, K]."""
        queries, both, rows = self.keys_and_values(memory, x)
        q_rows, batch, k_rows = x.size(0), x.size(1), both.size(0)
        shape = (-1, batch, self.heads, self.size)
        q = queries.reshape(shape)
        k, w = (part.reshape(shape) for part in both.chunk(2, -1))
        content = torch.einsum("ibnd,jbnd->bnij", q + u, k)
        position = torch.einsum("ibnd,jnd->bnij", q + v, r)
        padded = F.pad(position, (1, 0)).view(batch, self.heads, k_rows + 1, q_rows)
        position = padded[:, :, 1:].view(batch, self.heads, q_rows, k_rows)
        scores = (content + position).mul_(1 / math.sqrt(self.size))
        weights = scores.masked_fill(mask, -math.inf).softmax(-1)
        context = torch.einsum("bnij,jbnd->ibnd", weights, w).reshape(q_rows, batch, -1)
        return self.norm(x + self.drop(self.out(context))), rows


class Layer(nn.Module):
    """Attention, and a feed-forward network."""

    def __init__(self, model, keeps_keys):
        super().__init__()
        width, inner, rate = model["dModel"], model["dInner"], model["dropout"]
        self.attention = Attention(model, keeps_keys)
        self.network = nn.Sequential(
            nn.Linear(width, inner), nn.ReLU(inplace=True), nn.Dropout(rate), nn.Linear(inner, width),
            nn.Dropout(rate),
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, x, memory, r, u, v, mask):
        x, rows = self.attention(x, memory, r, u, v, mask)
        return self.norm(x + self.network(x)), rows


LAYER_NAMES = {
    "attention.qkv.weight": "dec_attn.qkv_net.weight",
    "attention.positions.weight": "dec_attn.r_net.weight",
    "attention.out.weight": "dec_attn.o_net.weight",
    "attention.norm.weight": "dec_attn.layer_norm.weight",
    "attention.norm.bias": "dec_attn.layer_norm.bias",
    "network.0.weight": "pos_ff.CoreNet.0.weight",
    "network.0.bias": "pos_ff.CoreNet.0.bias",
    "network.3.weight": "pos_ff.CoreNet.3.weight",
    "network.3.bias": "pos_ff.CoreNet.3.bias",
    "norm.weight": "pos_ff.layer_norm.weight",
    "norm.bias": "pos_ff.layer_norm.bias",
}


class TransformerXL(nn.Module):
    """The model, with tied weights and an adaptive softmax where there are cutoffs."""

    def __init__(self, model, lengths, keeps_keys):
        super().__init__()
        self.model, self.keeps_keys, width = model, keeps_keys, model["dModel"]
        self.edges = [0, *model["cutoffs"], model["vocabSize"]]
        sizes = [end - start for start, end in zip(self.edges, self.edges[1:])]
        self.tables = nn.ParameterList(nn.Parameter(0.02 * torch.randn(n, width)) for n in sizes)
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(n)) for n in sizes)
        tails = len(sizes) - 1
        if tails > 0:
            self.tail_table = nn.Parameter(torch.zeros(tails, width))
            self.tail_bias = nn.Parameter(torch.zeros(tails))
        heads, size = model["nHead"], model["dHead"]
        self.u, self.v = (nn.Parameter(torch.zeros(heads, size)) for _ in range(2))
        self.layers = nn.ModuleList(Layer(model, keeps_keys) for _ in range(model["nLayer"]))
        self.drop = nn.Dropout(model["dropout"])
        rows, keys = lengths["tgtLen"], lengths["tgtLen"] + lengths["memLen"]
        angles = torch.outer(
            torch.arange(keys - 1.0, -1.0, -1.0),
            1 / 10000 ** (torch.arange(0.0, width, 2.0) / width),
        )
        self.register_buffer("sinusoids", torch.cat([angles.sin(), angles.cos()], -1))
        self.mask = torch.ones(rows, keys, dtype=torch.bool).triu(1 + keys - rows)
        self.projected = None

    def embed(self, ids):
        """ids [T, B] -> [T, B, D]."""
        scale = math.sqrt(self.model["dModel"])
        if len(self.tables) == 1:
            return self.drop(F.embedding(ids, self.tables[0]) * scale)
        flat = ids.reshape(-1)
        x = torch.zeros(flat.numel(), self.model["dModel"])
        for table, start, end in zip(self.tables, self.edges, self.edges[1:]):
            places = ((flat >= start) & (flat < end)).nonzero().squeeze(1)
            x = x.index_copy(0, places, F.embedding(flat[places] - start, table))
        return self.drop(x.view(*ids.shape, -1) * scale)

    def positions(self):
        """Projected positions of every layer [K, N, H], computed once where keys are kept."""
        if self.projected is not None:
            return self.projected
        pos, shape = self.drop(self.sinusoids), (-1, self.model["nHead"], self.model["dHead"])
        projected = [layer.attention.positions(pos).view(shape) for layer in self.layers]
        if self.keeps_keys:
            self.projected = projected
        return projected

    def load(self, weights):
        """weights: tensors by name, one table and one row of biases for all clusters."""
        named = {"u": weights["r_w_bias"], "v": weights["r_r_bias"]}
        for i, (start, end) in enumerate(zip(self.edges, self.edges[1:])):
            named[f"tables.{i}"] = weights["word_emb.emb_layers.0.weight"][start:end]
            named[f"biases.{i}"] = weights["crit.out_layers_biases.0"][start:end]
        if len(self.tables) > 1:
            named["tail_table"] = weights["crit.cluster_weight"]
            named["tail_bias"] = weights["crit.cluster_bias"]
        for i in range(len(self.layers)):
            for ours, theirs in LAYER_NAMES.items():
                named[f"layers.{i}.{ours}"] = weights[f"layers.{i}.{theirs}"]
        self.load_state_dict({**self.state_dict(), **named})

    def groups(self):
        """Parameters by tensor of the model: the tables of all clusters are one."""
        split = {*self.tables, *self.biases}
        return [
            [*self.tables], [*self.biases], *([p] for p in self.parameters() if p not in split)
        ]

    def masked(self, valid):
        """The mask [Q, K] where the last `valid` rows of memory have content."""
        if valid == self.mask.size(1) - self.mask.size(0):
            return self.mask
        mask = self.mask.clone()
        mask[:, : mask.size(1) - mask.size(0) - valid] = True
        return mask

    def forward(self, ids, targets, memories, valid):
        """ids and targets [T, B], memories of every layer [M, B, C]: the loss and the next memories."""
        x, following, mask = self.embed(ids), [], self.masked(valid)
        for layer, memory, r in zip(self.layers, memories, self.positions()):
            x, rows = layer(x, memory, r, self.u, self.v, mask)
            following.append(rows[rows.size(0) - memory.size(0):].detach())
        return self.loss(self.drop(x).flatten(0, 1), targets.reshape(-1)), following

    def loss(self, hidden, targets):
        """Mean loss in nats."""
        if len(self.tables) == 1:
            return F.cross_entropy(F.linear(hidden, self.tables[0], self.biases[0]), targets)
        table = torch.cat([self.tables[0], self.tail_table])
        head = F.linear(hidden, table, torch.cat([self.biases[0], self.tail_bias])).log_softmax(-1)
        total = torch.zeros(())
        for i, (start, end) in enumerate(zip(self.edges, self.edges[1:])):
            places = ((targets >= start) & (targets < end)).nonzero().squeeze(1)
            inside = (targets[places] - start).unsqueeze(1)
            if i == 0:
                total = total - head[places].gather(1, inside).sum()
            elif places.numel() > 0:
                logits = F.linear(hidden[places], self.tables[i], self.biases[i])
                tail = logits.log_softmax(-1).gather(1, inside)
                total = total - tail.sum() - head[places, -i].sum()
        return total / targets.numel()


class Lamb:
    """LAMB (You et al. 2020) without bias correction, with norms of weights up to 10.

    groups: lists of parameters that have one norm.
    """

    def __init__(self, groups, rate=1e-3, betas=(0.9, 0.999), eps=1e-6):
        self.groups, self.rate, self.betas, self.eps = groups, rate, betas, eps
        self.parameters = [p for group in groups for p in group]
        self.means, self.squares = ([torch.zeros_like(p) for p in self.parameters] for _ in range(2))

    @torch.no_grad()
    def step(self):
        for p in self.parameters:
            if p.grad is None:  # a cluster without tokens
                p.grad = torch.zeros_like(p)
        nn.utils.clip_grad_norm_(self.parameters, 0.25)
        gradients, (first, second) = [p.grad for p in self.parameters], self.betas
        torch._foreach_mul_(self.means, first)
        torch._foreach_add_(self.means, gradients, alpha=1 - first)
        torch._foreach_mul_(self.squares, second)
        torch._foreach_addcmul_(self.squares, gradients, gradients, value=1 - second)
        divisors = torch._foreach_sqrt(self.squares)
        torch._foreach_add_(divisors, self.eps)
        updates = torch._foreach_div(self.means, divisors)
        following = iter(updates)
        for group in self.groups:
            of_group = [next(following) for _ in group]
            weight, size = norm(group).clamp(max=10), norm(of_group)
            trusted = bool(weight > 0) and bool(size > 0)
            for p, update in zip(group, of_group):
                p.sub_(update, alpha=self.rate * (float(weight / size) if trusted else 1))


def norm(tensors):
    """Norm of all elements."""
    return torch.stack([tensor.norm() for tensor in tensors]).norm()


def read_weights(path):
    """The float32 tensors of a safetensors file by name."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    (length,) = struct.unpack_from("<Q", data)
    header, tensors = json.loads(bytes(data[8 : 8 + length])), {}
    for name, entry in header.items():
        if entry.get("dtype") == "F32":
            start, end = entry["data_offsets"]
            values = torch.frombuffer(
                data, dtype=torch.float32, count=(end - start) // 4, offset=8 + length + start
            )
            tensors[name] = values.reshape(entry["shape"])
    return tensors


def read_segments(path, rows, batch):
    """Inputs and targets [T, B] of every segment."""
    with open(path, "rb") as file:
        ids = torch.frombuffer(bytearray(file.read()), dtype=torch.int32).long()
    return [tuple(pair) for pair in ids.view(-1, 2, rows, batch)]


def main():
    core, wanted = blas_core(), os.environ.get("OPENBLAS_CORETYPE")
    if wanted is not None and (core or "").lower() != wanted.lower():
        has = f"OpenBLAS runs {core}" if core else "its BLAS is not OpenBLAS"
        say({"cannot": f"no kernels for OPENBLAS_CORETYPE {wanted}, {has}"})
        return
    workload, keeps_keys = json.loads(sys.argv[1]), sys.argv[2] == "keys"
    model, lengths, trains = workload["model"], workload["lengths"], workload["task"] == "train"
    torch.set_num_threads(workload["threads"])
    torch.manual_seed(workload["seed"])
    network = TransformerXL(model, lengths, keeps_keys).train(trains)
    network.load(read_weights(workload["files"]["weights"]))
    optimizer = Lamb(network.groups()) if trains else None
    rows, batch, room = lengths["tgtLen"], lengths["batchSize"], lengths["memLen"]

    columns = 2 * model["nHead"] * model["dHead"] if keeps_keys else model["dModel"]
    memories = [torch.zeros(lengths["memLen"], batch, columns) for _ in network.layers]
    segments, ran = read_segments(workload["files"]["ids"], rows, batch), 0

    def run():
        nonlocal memories, ran
        ids, targets = segments[ran % len(segments)]
        with torch.set_grad_enabled(trains):
            loss, memories = network(ids, targets, memories, min(ran * rows, room))
        ran += 1
        if trains:
            for p in network.parameters():
                p.grad = None
            loss.backward()
            optimizer.step()
        return loss

    say({
        "detail": f"torch {torch.__version__}, {torch.get_num_threads()} threads, "
        f"OPENBLAS_CORETYPE {wanted or 'unset'}" + (f", kernels {core}" if core else ""),
        "parameters": sum(p.numel() for p in network.parameters()),
    })
    for line in sys.stdin:
        start, before = time.perf_counter(), processor_seconds()
        for _ in range(int(line)):
            loss = run()
        loss = float(loss)
        ms, cpu = time.perf_counter() - start, processor_seconds() - before
        say({"ms": 1e3 * ms, "cpuMs": 1e3 * cpu, "loss": loss})


def blas_core():
    """Name of the kernels that OpenBLAS runs, which ignores types it lacks; None without OpenBLAS."""
    try:
        with open("/proc/self/maps") as maps:
            paths = {line.split()[-1] for line in maps if "openblas" in line}
    except OSError:  # not Linux
        return None
    for path in sorted(paths):
        library = ctypes.CDLL(path)
        if hasattr(library, "openblas_get_corename"):
            library.openblas_get_corename.restype = ctypes.c_char_p
            return library.openblas_get_corename().decode()
    return None


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def say(record):
    print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
