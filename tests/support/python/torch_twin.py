"""Transformer-XL with relative attention as a few functions of PyTorch over a state dict.

Written from the papers, independent of recorder, kernels and the reference: it reads what an
exported file holds, and computes the loss of a text in segments with memory.
"""
import json
import sys
import types

import torch
from torch.nn import functional as F


class Vocab:
    """Stands in for the class of the reference, of which the file has objects."""

    def ids(self, line):
        line = line.strip()
        words = (line.lower() if self.lower_case else line).split(self.delimiter)
        return [self.sym2idx.get(word, self.unk_idx) for word in words + ["<eos>"]]


def provide_classes():
    """Makes the class importable under the name in the file."""
    package, module = types.ModuleType("utils"), types.ModuleType("utils.vocabulary")
    Vocab.__module__, module.Vocab, package.vocabulary = "utils.vocabulary", Vocab, module
    sys.modules.update({"utils": package, "utils.vocabulary": module})


def clusters(args):
    bounds = [0] + args["cutoffs"] + [args["n_token"]]
    return list(zip(bounds, bounds[1:]))


def table(state, args, prefix, suffix, i):
    """Rows of a cluster: of its own table, or of the only one."""
    if args["div_val"] > 1:
        return state[f"{prefix}.{i}{suffix}"]
    begin, end = clusters(args)[i]
    return state[f"{prefix}.0{suffix}"][begin:end]


def embed(state, args, ids):
    rows = torch.zeros(*ids.shape, args["d_model"])
    for i, (begin, end) in enumerate(clusters(args)):
        inside = (ids >= begin) & (ids < end)
        found = table(state, args, "word_emb.emb_layers", ".weight", i)[ids[inside] - begin]
        projection = state.get(f"word_emb.emb_projs.{i if args['div_val'] > 1 else 0}")
        rows[inside] = found if projection is None else found @ projection.T
    return rows * args["d_model"] ** 0.5


def attend(state, args, at, x, memory, positions):
    heads, width = args["n_head"], args["d_head"]
    rows, columns, memory_rows = x.shape[0], x.shape[1], memory.shape[0]
    keys = memory_rows + rows
    normed = F.layer_norm(torch.cat([memory, x]), x.shape[-1:], *norm(state, at)) \
        if args["pre_lnorm"] else torch.cat([memory, x])
    q, k, v = (normed @ state[at + "qkv_net.weight"].T) \
        .view(keys, columns, 3, heads, width).unbind(2)
    r = (positions @ state[at + "r_net.weight"].T).view(keys, heads, width)
    q = q[-rows:]
    content = torch.einsum("ibnd,jbnd->bnij", q + state["r_w_bias"], k)
    by_distance = torch.einsum("ibnd,jnd->bnij", q + state["r_r_bias"], r)
    query, key = torch.arange(rows)[:, None] + memory_rows, torch.arange(keys)
    distance = (query - key).clamp(min=0)
    score = content + by_distance.gather(3, (keys - 1 - distance).expand_as(by_distance))
    hidden = key > query
    probability = (score / width ** 0.5).masked_fill(hidden, -float("inf")).softmax(3)
    vectors = torch.einsum("bnij,jbnd->ibnd", probability, v).reshape(rows, columns, -1)
    out = x + vectors @ state[at + "o_net.weight"].T
    return out if args["pre_lnorm"] else F.layer_norm(out, x.shape[-1:], *norm(state, at))


def norm(state, at):
    return state[at + "layer_norm.weight"], state[at + "layer_norm.bias"]


def feed(state, args, at, x):
    inner = F.layer_norm(x, x.shape[-1:], *norm(state, at)) if args["pre_lnorm"] else x
    inner = F.linear(inner, state[at + "CoreNet.0.weight"], state[at + "CoreNet.0.bias"]).relu()
    out = x + F.linear(inner, state[at + "CoreNet.3.weight"], state[at + "CoreNet.3.bias"])
    return out if args["pre_lnorm"] else F.layer_norm(out, x.shape[-1:], *norm(state, at))


def softmax_projection(state, args, i):
    shared = f"crit.shared_out_projs.{i if args['div_val'] > 1 else 0}"
    return state.get(shared if args["tie_projs"][i] else f"crit.out_projs.{i}")


def logits(state, args, hidden, i):
    tied = args["tie_weight"]
    weight = table(state, args, *(("word_emb.emb_layers", ".weight") if tied
                                  else ("crit.out_layers_weights", "")), i)
    bias = table(state, args, "crit.out_layers_biases", "", i)
    if i == 0 and args["cutoffs"]:
        weight = torch.cat([weight, state["crit.cluster_weight"]])
        bias = torch.cat([bias, state["crit.cluster_bias"]])
    projection = softmax_projection(state, args, i)
    return F.linear(hidden if projection is None else hidden @ projection, weight, bias)


def losses(state, args, hidden, target):
    result = torch.zeros(target.shape)
    head = logits(state, args, hidden, 0).log_softmax(-1)
    for i, (begin, end) in enumerate(clusters(args)):
        inside = (target >= begin) & (target < end)
        ids = (target[inside] - begin)[:, None]
        if i == 0:
            found = head[inside].gather(1, ids)[:, 0]
        else:
            tail = logits(state, args, hidden[inside], i).log_softmax(-1)
            found = head[inside][:, -i] + tail.gather(1, ids)[:, 0]
        result[inside] = -found
    return result


def mean_loss(state, args, ids, columns, rows, memory_rows):
    """The mean loss of a text in equal columns."""
    steps = len(ids) // columns
    text = torch.tensor(ids[:steps * columns]).view(columns, steps).T
    memory = [torch.zeros(0, columns, args["d_model"]) for _ in range(args["n_layer"])]
    total = []
    for at in range(0, steps - 1, rows):
        count = min(rows, steps - 1 - at)
        x = embed(state, args, text[at:at + count])
        keys = memory[0].shape[0] + count
        angles = torch.arange(keys - 1, -1, -1.0)[:, None] * state["pos_emb.inv_freq"]
        positions = torch.cat([angles.sin(), angles.cos()], 1)
        for layer in range(args["n_layer"]):
            old, memory[layer] = memory[layer], torch.cat([memory[layer], x])[-memory_rows:]
            x = attend(state, args, f"layers.{layer}.dec_attn.", x, old, positions)
            x = feed(state, args, f"layers.{layer}.pos_ff.", x)
        total.append(losses(state, args, x, text[at + 1:at + 1 + count]).flatten())
    return torch.cat(total).mean().item()


def floats(state):
    return {name: tensor.float() for name, tensor in state.items()}


def main(request):
    """The losses of files, by path, on one text; with the ids of a line where a file has classes."""
    provide_classes()
    answers = []
    for path, layout in request["files"]:
        file = torch.load(path, weights_only=layout == "plain")
        args, state = file["model_config"], file["model_state"]
        loss = mean_loss(floats(state), args, request["ids"], *request["lengths"])
        shares = [state[name].data_ptr() == state[name.replace("crit.shared_out", "word_emb.emb")]
                  .data_ptr() for name in state if "shared" in name]
        answer = {"loss": loss, "shares": shares, "keys": list(file), "model_config": args,
                  "types": sorted({str(tensor.dtype) for tensor in state.values()}),
                  "names": sorted(state)}
        if layout == "nvidia":
            answer.update(args=vars(file["args"]), ids=file["vocab"].ids(request["line"]))
        else:
            answer.update(vocab=file["vocab"], model=file["model"])
        answers.append(answer)
    print(json.dumps(answers))


if __name__ == "__main__":
    with torch.no_grad():
        main(json.loads(sys.argv[1]))
