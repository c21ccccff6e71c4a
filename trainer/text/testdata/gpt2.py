"""Makes gpt2/, a byte-level tokenizer of 400 tokens, and gpt2.json, what Hugging
Face's tokenizers 0.20.3 does with it.

    pip install tokenizers==0.20.3
    python3 gpt2.py
"""
import json
import os

from tokenizers import ByteLevelBPETokenizer

SENTENCES = [
    "The printer on the third floor is out of paper again.",
    "it's  what we've   done; they'll say I'm \"late\", he'd don't",
    " leading space\n\nlines \t tab  \r\n end   ",
    "Crème brûlée, naïve façade — Ångström’s Größe!",
    "東京は日本の首都です。 中文字符 🤖 \u200b\u00a0x",
    "x=1234.56+7e-8 # ³½ Ⅻ",
    "",
    " ",
    "a<|endoftext|>b",
]

os.makedirs("gpt2", exist_ok=True)
t = ByteLevelBPETokenizer()
t.train_from_iterator(SENTENCES * 3 + [open(__file__).read()], vocab_size=400, special_tokens=["<|endoftext|>"])
t.save_model("gpt2")
t.save("gpt2/tokenizer.json")
json.dump({"sentences": SENTENCES, "ids": [t.encode(s).ids for s in SENTENCES]}, open("gpt2.json", "w"), ensure_ascii=False)
