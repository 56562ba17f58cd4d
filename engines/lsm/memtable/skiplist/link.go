package skiplist

import "lsmlab/engines/internal/arena"

// link leads from a node to the next one of its level:
//
//	| abbreviation of the next key 32 | epoch 2 | reference of the next node 30 |
//
// It is one atomic word, so that a search mostly learns from the link alone whether to
// follow it. 0 is the end of the level. The epoch says which abbreviator made the
// abbreviation. In epoch 0 there is no abbreviation, and the search has to read the
// key.
type link uint64

const (
	linkSize   = 8 // bytes
	abbrevBits = 32
	refBits    = 30 // enough for every reference of an arena
	refMask    = 1<<refBits - 1
	maxEpoch   = 3
)

func newLink(ref arena.Ref, epoch, abbrev uint32) link {
	return link(abbrev)<<abbrevBits | link(epoch)<<refBits | link(ref)
}

func (l link) ref() arena.Ref { return arena.Ref(l & refMask) }
func (l link) epoch() uint32  { return uint32(l) >> refBits }
func (l link) abbrev() uint32 { return uint32(l >> abbrevBits) }

// spot is a word of the index. It is a node at which a search may start; 0 stands for
// none:
//
//	| low bits of the node's abbreviation 29 | its height 5 | its reference 30 |
//
// The position of the spot in the index gives the high bits of the abbreviation.
type spot uint64

const (
	heightBits  = 5
	spotLowBits = 64 - heightBits - refBits
	spotLowMask = 1<<spotLowBits - 1
)

func newSpot(ref arena.Ref, height int, abbrev uint32) spot {
	return spot(abbrev)<<(heightBits+refBits) | spot(height)<<refBits | spot(ref)
}

func (s spot) ref() arena.Ref { return arena.Ref(s & refMask) }
func (s spot) height() int    { return int(s >> refBits & (1<<heightBits - 1)) }
func (s spot) low() uint32    { return uint32(s >> (heightBits + refBits)) }
