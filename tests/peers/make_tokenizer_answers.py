#!/usr/bin/env python3
"""Writes known answers of Hugging Face's `tokenizers` (PyPI, 0.23) and of `tiktoken` (0.14) for tests/core/text.

    python3 -m venv venv && venv/bin/pip install tokenizers tiktoken gguf
    venv/bin/python tests/peers/make_tokenizer_answers.py SMOLLM2.gguf MINILM/tokenizer.json WHISPER.tiktoken tests/core/text/data

published_answers.json: texts and their ids with SmolLM2's vocabulary (pieces and merges are the GGUF file's), MiniLM's and Whisper's.
tokenizer_json_answers.json: small tokenizers that together use every component, with ids, offsets and decoded texts.
"""
import json
import sys
from pathlib import Path

from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
                        trainers)

TEXTS = [
    "", " ", "  ", "\n", "\t", "\r\n", " \n\n  \t x", "Hello world", "Hello  world!", " leading and trailing ",
    "I'm sure you'll say it's what we've done, they're his. HE'S, WE'LL, DON'T", "'s 't 'S 'LL ''ve '", "don’t can’t",
    "1234567890 12 345 6,789.01", "abc123def 4 5  6", "²³¼ ⅷ Ⅻ ٣٤٥ १२३", "x=1;y=[2,3];", "foo_bar::baz<int>&& q = {};",
    "naïve café Ünïcödé Straße ŒUVRE", "e\u0301 n\u0303 a\u030a\u0327 o\u0327\u0302 \u1e9b\u0323",
    "ﬁ ﬂ Ⅳ ① ½ ㎏ ﷺ Ａｂｃ ｶﾞ", "İstanbul ISTANBUL ıI ẞß ΑΣ ας", "Привет, мир! Ёлка", "你好，世界。今天是2024年", "日本語のテキスト ガギグ が",
    "한국어 문장입니다 각각", "مرحبا بالعالم", "שלום עולם", "हिन्दी में पाठ", "ภาษาไทยไม่มีช่องว่าง", "🙂👍🏽👨‍👩‍👧‍👦🇩🇪 emoji",
    "a\u00a0b\u2003c\u3000d\u2028e\u0085f\u180eg\u200bh", "zero\u0000byte\u0007bell\ufffdrepl\ufeffbom", "<s> hello </s> <unk> [CLS] [SEP] [MASK]",
    "<|endoftext|>", "say <|endoftext|>now", "<|im_start|>user\nhi<|im_end|>\n", "<0x41> ▁ ▁▁x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "The quick brown fox jumps over the lazy dog. " * 3, "          indented\n\t\ttabs\n\n\n\nlines   \n", "word-word—dash…dots... ?! !!",
    "https://example.org/path?q=a%20b#frag", "def f(x):\n    return x ** 2  # square\n", "antidisestablishmentarianism floccinaucinihilipilification",
    "x" * 120, "mixed中文and英文123数字", "\u0301leading mark", "tail mark e\u0301", "Ça n'est pas l'été d'Hélène",
    "foo bar  foobar barfoo foo.", " foo ", "MASKED [MASK] word[MASK]word", "a,b;c d\te", "()[]{}", "٪؛،", "𝒳𝓎𝟙 𐍈 𠜎", "ꙮ ⵣ ᚠ",
]
CORPUS = TEXTS + [
    "The tokenizer learns pieces from this small corpus of sentences about nothing in particular.",
    "Pieces that occur often become tokens; the rest is spelled with smaller ones.",
    "It's a test, isn't it? We'll see what they've got: 10 apples, 25 pears and 3 plums.",
    "Les pièces fréquentes deviennent des jetons. Häufige Stücke werden zu Zeichen.",
] * 4

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def byte_level_bpe(pre, vocabulary=340, normalizer=None, **trainer_options):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre
    if normalizer:
        t.normalizer = normalizer
    t.decoder = decoders.ByteLevel()
    trainer_options.setdefault("initial_alphabet", pre_tokenizers.ByteLevel.alphabet())
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=vocabulary, show_progress=False, **trainer_options))
    return t


def edited(tokenizer, **model):
    """The same tokenizer with members of its model changed."""
    document = json.loads(tokenizer.to_str())
    document["model"].update(model)
    return Tokenizer.from_str(json.dumps(document))


def llama(**model):
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    t.train_from_iterator([c for c in CORPUS if c.isascii()], trainers.BpeTrainer(
        vocab_size=300, show_progress=False, special_tokens=["<unk>", "<s>", "</s>"]))
    if model.pop("bytes", True):
        document = json.loads(t.to_str())
        vocabulary = document["model"]["vocab"]
        for byte in range(256):
            vocabulary.setdefault("<0x%02X>" % byte, len(vocabulary))
        t = Tokenizer.from_str(json.dumps(document))
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 1)])
    return t


def unigram(pre, byte_fallback=False, normalizer=None):
    t = Tokenizer(models.Unigram())
    t.pre_tokenizer = pre
    if normalizer:
        t.normalizer = normalizer
    t.decoder = decoders.Metaspace(prepend_scheme=getattr(pre, "prepend_scheme", "always"))
    t.train_from_iterator([c for c in CORPUS if c.isascii()], trainers.UnigramTrainer(
        vocab_size=160, show_progress=False, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>"))
    if byte_fallback:
        document = json.loads(t.to_str())
        document["model"]["byte_fallback"] = True
        document["model"]["vocab"] += [["<0x%02X>" % byte, -20.0] for byte in range(256)]
        document["decoder"] = {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, document["decoder"]]}
        t = Tokenizer.from_str(json.dumps(document))
    return t


def wordpiece(normalizer, prefix="##", longest=100):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", continuing_subword_prefix=prefix, max_input_chars_per_word=longest))
    t.normalizer = normalizer
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece(prefix=prefix)
    t.train_from_iterator([c for c in CORPUS if len(c.encode()) < 3 * len(c)], trainers.WordPieceTrainer(
        vocab_size=300, show_progress=False, continuing_subword_prefix=prefix,
        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    document = json.loads(t.to_str())
    document["model"]["max_input_chars_per_word"] = longest
    t = Tokenizer.from_str(json.dumps(document))
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return t


def words(pre, normalizer=None):
    """Every distinct piece is a token, so that ids show the cuts."""
    t = Tokenizer(models.WordLevel(unk_token="<unk>"))
    t.pre_tokenizer = pre
    if normalizer:
        t.normalizer = normalizer
    pieces = {}
    for text in TEXTS:
        normal = t.normalizer.normalize_str(text) if normalizer else text
        for piece, _ in pre.pre_tokenize_str(normal):
            pieces.setdefault(piece, len(pieces) + 1)
    document = json.loads(t.to_str())
    document["model"]["vocab"] = {"<unk>": 0, **pieces}
    return Tokenizer.from_str(json.dumps(document))


def with_added(tokenizer, tokens):
    for token in tokens:
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
    return tokenizer


def build():
    byte_level = pre_tokenizers.ByteLevel
    gpt2 = byte_level(add_prefix_space=False, trim_offsets=False)
    no_regex = byte_level(add_prefix_space=False, trim_offsets=False, use_regex=False)
    isolated = lambda pattern: pre_tokenizers.Split(Regex(pattern), "isolated")
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    bert = normalizers.BertNormalizer
    result = {}
    t = byte_level_bpe(byte_level(add_prefix_space=True, trim_offsets=False), special_tokens=["<s>", "</s>", "<unk>"])
    t.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0), trim_offsets=False)
    result["roberta"] = t
    result["smollm"] = byte_level_bpe(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), gpt2]),
                                      special_tokens=specials)
    t = edited(byte_level_bpe(pre_tokenizers.Sequence([isolated(LLAMA3), no_regex]), special_tokens=specials), ignore_merges=True)
    t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(
        single="<|im_start|> $A <|im_end|>", pair="$A $B", special_tokens=[("<|im_start|>", 1), ("<|im_end|>", 2)])])
    result["llama3"] = t
    result["qwen2"] = byte_level_bpe(pre_tokenizers.Sequence([isolated(QWEN2), no_regex]), normalizer=normalizers.NFC(),
                                     special_tokens=specials)
    result["no_regex"] = byte_level_bpe(no_regex)
    result["partial_alphabet"] = byte_level_bpe(gpt2, initial_alphabet=[], special_tokens=["<unk>"])
    result["clip"] = byte_level_bpe(
        pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(
            r"""<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""), "removed", invert=True),
            no_regex]), vocabulary=620,
        normalizer=normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]),
        end_of_word_suffix="</w>")
    t = Tokenizer(models.BPE(unk_token="<unk>", continuing_subword_prefix="##", end_of_word_suffix="</w>"))
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    t.decoder = decoders.BPEDecoder()
    t.train_from_iterator([c for c in CORPUS if c.isascii()], trainers.BpeTrainer(
        vocab_size=400, show_progress=False, special_tokens=["<unk>"], continuing_subword_prefix="##", end_of_word_suffix="</w>"))
    result["prefix_and_suffix"] = t
    result["llama"] = llama()
    result["llama_no_bytes"] = llama(bytes=False)
    result["llama_no_fuse"] = edited(llama(bytes=False), fuse_unk=False)
    for scheme in ["always", "first", "never"]:
        result["unigram_" + scheme] = unigram(pre_tokenizers.Metaspace(prepend_scheme=scheme))
    result["unigram_whole"] = unigram(pre_tokenizers.Metaspace(split=False))
    result["unigram_bytes"] = unigram(pre_tokenizers.Metaspace(), byte_fallback=True)
    result["bert_uncased"] = wordpiece(bert())
    result["bert_cased"] = wordpiece(bert(lowercase=False))
    result["bert_accents"] = wordpiece(bert(strip_accents=False, clean_text=False, handle_chinese_chars=False))
    result["wordpiece_prefix"] = wordpiece(bert(), prefix="@@", longest=12)
    behaviors = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
    for behavior in behaviors:
        result["punctuation_" + behavior] = words(pre_tokenizers.Punctuation(behavior))
        result["split_" + behavior] = words(pre_tokenizers.Split(Regex(r"\s|\d+|[^\w\s]"), behavior))
        result["split_inverted_" + behavior] = words(pre_tokenizers.Split("o", behavior, invert=True))
    result["whitespace"] = words(pre_tokenizers.Whitespace())
    result["whitespace_split"] = words(pre_tokenizers.WhitespaceSplit())
    result["delimiter"] = words(pre_tokenizers.CharDelimiterSplit("o"))
    result["digits"] = words(pre_tokenizers.Digits())
    result["digits_then_punctuation"] = words(pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.Punctuation()]))
    result["byte_level_words"] = words(byte_level(add_prefix_space=True, trim_offsets=False))
    for name in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Strip"]:
        result["words_" + name] = words(pre_tokenizers.WhitespaceSplit(), getattr(normalizers, name)())
    result["words_replace"] = words(pre_tokenizers.WhitespaceSplit(), normalizers.Sequence(
        [normalizers.NFD(), normalizers.StripAccents(), normalizers.Replace(Regex("[aeiou]+"), "*"), normalizers.Replace("th", "")]))
    characters = words(isolated(r"[\s\S]"))
    characters.decoder = decoders.Fuse()
    result["characters"] = characters
    result["added"] = with_added(byte_level_bpe(gpt2, special_tokens=specials), [
        AddedToken("foo", single_word=True), AddedToken("[MASK]", lstrip=True, special=True, normalized=False),
        AddedToken("bar", rstrip=True, normalized=False), AddedToken("foobar", normalized=False), AddedToken("\t\t", normalized=False)])
    result["added_normalized"] = with_added(wordpiece(bert()), [
        AddedToken("Fox", normalized=True), AddedToken("LAZY", normalized=True, lstrip=True, rstrip=True), AddedToken("<unk>", special=True)])
    return result


def answers(tokenizer):
    """Lists in the order of TEXTS: ids with special tokens as text and nothing added, their offsets (characters) and decoded text (None
    where it is the text itself); ids with special tokens parsed and added, and their decoded text without special tokens."""
    result = {"ids": [], "offsets": [], "decoded": [], "ids_specials": [], "decoded_specials": []}
    for text in TEXTS:
        tokenizer.encode_special_tokens = True
        plain = tokenizer.encode(text, add_special_tokens=False)
        tokenizer.encode_special_tokens = False
        special = tokenizer.encode(text, add_special_tokens=True)
        same = lambda decoded: None if decoded == text else decoded
        result["ids"].append(plain.ids)
        result["offsets"].append([at for pair in plain.offsets for at in pair])
        result["decoded"].append(same(tokenizer.decode(plain.ids, skip_special_tokens=False)))
        result["ids_specials"].append(special.ids)
        result["decoded_specials"].append(same(tokenizer.decode(special.ids, skip_special_tokens=True)))
    return result


def smollm2(path):
    from gguf import GGUFReader
    reader = GGUFReader(path)
    strings = lambda key: [bytes(reader.fields[key].parts[i]).decode() for i in reader.fields[key].data]
    pieces = strings("tokenizer.ggml.tokens")
    merges = [tuple(m.split(" ")) for m in strings("tokenizer.ggml.merges")]
    t = Tokenizer(models.BPE(vocab={p: i for i, p in enumerate(pieces)}, merges=merges))
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False)])
    t.decoder = decoders.ByteLevel()
    kinds = reader.fields["tokenizer.ggml.token_type"]
    t.add_special_tokens([AddedToken(p, normalized=False) for i, p in enumerate(pieces) if kinds.parts[kinds.data[i]][0] == 3])
    return t


def minilm(path):
    t = Tokenizer.from_file(path)
    t.no_padding()
    t.no_truncation()
    return t


def whisper(path):
    import tiktoken
    from tiktoken.load import load_tiktoken_bpe
    pattern = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
    return tiktoken.Encoding("whisper", pat_str=pattern, mergeable_ranks=load_tiktoken_bpe(path), special_tokens={})


def main():
    smollm2_path, minilm_path, whisper_path, out = sys.argv[1:]
    ids = {}
    for name, t in [("smollm2", smollm2(smollm2_path)), ("minilm", minilm(minilm_path))]:
        found = answers(t)
        ids[name] = found["ids"]
        ids[name + "_specials"] = found["ids_specials"]
    ranks = whisper(whisper_path)
    ids["whisper"] = [ranks.encode_ordinary(text) for text in TEXTS]
    dump(Path(out) / "published_answers.json", {"texts": TEXTS, "ids": ids})
    cases = {name: {"tokenizer": json.loads(t.to_str()), "answers": answers(t)} for name, t in build().items()}
    dump(Path(out) / "tokenizer_json_answers.json", {"texts": TEXTS, "cases": cases})


def dump(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
