package pretrain

import (
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/hpsearch/hpsearch/trainer/text"
)

// A corpus is text as blocks of token ids. A block is [CLS] a [SEP] b [SEP] …
// of at most the maximal length: short texts share one, long ones are cut, so
// that next to nothing of a batch is padding (RoBERTa, Liu et al. 2019,
// section 4.2, packs whole sentences the same way).
type corpus struct {
	train, heldOut [][]int32
	tokens         int    // of both, without the special ones
	fingerprint    uint64 // of all ids in their order
}

// leastRoom is the number of tokens below which a block is closed rather than
// begun to be filled with a piece of a text.
const leastRoom = 8

// readCorpus tokenizes the texts below path. A text is held out by its hash,
// so that equal texts are never on both sides; heldOut is the share.
func readCorpus(path string, tokenizer *text.Tokenizer, maxLength int, heldOut float64, seed int64) (*corpus, error) {
	special := tokenizer.Special()
	train, held := packer{special: special, length: maxLength}, packer{special: special, length: maxLength}
	hash := fnv.New64a()
	c := new(corpus)
	err := eachText(path, func(s string) {
		ids := tokenizer.Encode(s, 0)
		ids = ids[1 : len(ids)-1]
		if !slices.ContainsFunc(ids, func(id int32) bool { return !isSpecial(special, id) }) {
			return // nothing that could be masked
		}
		c.tokens += len(ids)
		for _, id := range ids {
			_, _ = hash.Write([]byte{byte(id), byte(id >> 8), byte(id >> 16)}) // never fails
		}
		if hashText(seed, s) < heldOut {
			held.add(ids)
		} else {
			train.add(ids)
		}
	})
	if err != nil {
		return nil, err
	}
	c.train, c.heldOut, c.fingerprint = train.blocks(), held.blocks(), hash.Sum64()
	if len(c.train) == 0 || len(c.heldOut) == 0 {
		return nil, fmt.Errorf("%s: blocks of its texts for training: %d, held out: %d; both need one: add text or change the held-out share, %g",
			path, len(c.train), len(c.heldOut), heldOut)
	}
	return c, nil
}

// hashText returns a number in [0, 1) that depends on the text and the seed.
func hashText(seed int64, s string) float64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d ", seed)
	_, _ = h.Write([]byte(s))
	z := h.Sum64() // FNV's high bits are poor: finish as SplitMix64 does
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	return float64(z>>11) / (1 << 53)
}

func isSpecial(s text.Special, id int32) bool {
	return id == s.Pad || id == s.Unknown || id == s.CLS || id == s.SEP || id == s.Mask
}

// A packer fills blocks.
type packer struct {
	special text.Special
	length  int
	done    [][]int32
	current []int32
}

func (p *packer) add(ids []int32) {
	for len(ids) > 0 {
		if len(p.current) == 0 {
			p.current = append(make([]int32, 0, p.length), p.special.CLS)
		}
		room := p.length - len(p.current) - 1 // for [SEP]
		if room < min(len(ids), leastRoom) {
			p.close()
			continue
		}
		n := min(room, len(ids))
		p.current = append(append(p.current, ids[:n]...), p.special.SEP)
		ids = ids[n:]
	}
}

func (p *packer) close() {
	p.done = append(p.done, slices.Clip(p.current))
	p.current = nil
}

// blocks returns what was packed. A block in which nothing can be masked is
// left out.
func (p *packer) blocks() [][]int32 {
	if len(p.current) > 0 {
		p.close()
	}
	return slices.DeleteFunc(p.done, func(block []int32) bool {
		return !slices.ContainsFunc(block, func(id int32) bool { return !isSpecial(p.special, id) })
	})
}
