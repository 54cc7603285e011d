"""The recipe of names/main.ts in PyTorch: python pytorch.py path/to/names.txt > pytorch.json

Data: names in small letters, every tenth held out, from the first. Net: 28 symbols (end, hyphen, a to z), vectors of 32, one LSTM of 96, scores; PyTorch's
own initial values. Training: batches of 32, shuffled, padding left out of the loss; Adam 3e-3, gradients clipped to a norm of 1, 8 epochs. Perplexity: exp of
the mean nats per letter of the held-out names, their ends included, after the last epoch.
"""

import json
import math
import sys

import torch
from torch import nn

LETTERS = "\n-abcdefghijklmnopqrstuvwxyz"
EPOCHS, BATCH, VECTOR, HIDDEN, RATE = 8, 32, 32, 96, 3e-3

with open(sys.argv[1], encoding="utf8") as file:
    names = [line.strip().lower() for line in file if line.strip()]
training = [n for i, n in enumerate(names) if i % 10 != 0]
held_out = [n for i, n in enumerate(names) if i % 10 == 0]


class Namer(nn.Module):
    def __init__(self):
        super().__init__()
        self.E = nn.Embedding(len(LETTERS), VECTOR)
        self.speller = nn.LSTM(VECTOR, HIDDEN)
        self.V = nn.Linear(HIDDEN, len(LETTERS))

    def forward(self, ids):
        return self.V(self.speller(self.E(ids))[0])


def batch_of(some):
    time = max(map(len, some)) + 1
    ids = torch.zeros(time, len(some), dtype=torch.long)
    labels = torch.full((time, len(some)), -100)
    for b, name in enumerate(some):
        letters = [LETTERS.index(c) for c in name]
        ids[1 : len(name) + 1, b] = torch.tensor(letters)
        labels[: len(name) + 1, b] = torch.tensor(letters + [0])
    return ids, labels


def perplexity(seed):
    torch.manual_seed(seed)
    net = Namer()
    adam = torch.optim.Adam(net.parameters(), lr=RATE)
    for _ in range(EPOCHS):
        order = torch.randperm(len(training)).tolist()
        for k in range(0, len(order), BATCH):
            ids, labels = batch_of([training[i] for i in order[k : k + BATCH]])
            loss = nn.functional.cross_entropy(net(ids).flatten(0, 1), labels.flatten())
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            adam.step()
    with torch.no_grad():
        ids, labels = batch_of(held_out)
        return math.exp(nn.functional.cross_entropy(net(ids).flatten(0, 1), labels.flatten()).item())


torch.set_num_threads(1)
found = [perplexity(seed) for seed in (1, 2, 3)]
print(json.dumps({"torch": torch.__version__.split("+")[0], "perplexity": found, "mean": sum(found) / len(found)}, indent=2))
