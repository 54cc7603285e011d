"""State dicts of nn.RNN, nn.LSTM and nn.GRU (two layers, both directions, both biases; one layer with biases and without; three of relu), an input, and what
PyTorch makes of them: outputs, final states. All float64.

    python pytorch-weights.py > pytorch-weights.json
"""

import json

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(1)

TIME, BATCH, INPUT, HIDDEN = 5, 3, 4, 3


def listed(t):
    return {"shape": list(t.shape), "data": t.detach().reshape(-1).tolist()}


def case(kind, layers, bidirectional, bias, **options):
    net = getattr(nn, kind)(INPUT, HIDDEN, layers, bias=bias, bidirectional=bidirectional, **options)
    x = torch.randn(TIME, BATCH, INPUT)
    outputs, final = net(x)
    states = dict(zip(("h", "c"), final)) if kind == "LSTM" else {"h": final}
    return {
        "module": f"nn.{kind}", "layers": layers, "bidirectional": bidirectional, "bias": bias, **options,
        "stateDict": {name: listed(value) for name, value in net.state_dict().items()},
        "x": listed(x), "outputs": listed(outputs),
        "final": {name: listed(value) for name, value in states.items()},  # [layers · directions, batch, hidden]
    }


cases = [case(kind, 2, True, True) for kind in ("RNN", "LSTM", "GRU")]
cases += [case(kind, 1, False, bias) for kind in ("RNN", "LSTM", "GRU") for bias in (True, False)]
cases += [case("RNN", 3, False, True, nonlinearity="relu")]
print(json.dumps({"madeBy": {"torch": torch.__version__.split("+")[0]}, "precision": "float64", "cases": cases}, indent=None, separators=(", ", ": ")))
