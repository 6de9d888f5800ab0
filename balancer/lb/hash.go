package lb

import "math/bits"

// hashFunction returns HAProxy's hash function of that name, nil if there is none.
func hashFunction(name string) func([]byte) uint32 {
	switch name {
	case "sdbm":
		return sdbm
	case "djb2":
		return djb2
	case "wt6":
		return wt6
	case "crc32":
		return crc32
	case "none":
		return number
	}
	return nil
}

func sdbm(key []byte) (hash uint32) {
	for _, c := range key {
		hash = hash*65599 + uint32(c)
	}
	return hash
}

func djb2(key []byte) uint32 {
	hash := uint32(5381)
	for _, c := range key {
		hash = hash*33 + uint32(c)
	}
	return hash
}

// wt6 is Willy Tarreau's, made for HAProxy: two halves rotate by amounts that depend on the key.
func wt6(key []byte) uint32 {
	left, right := uint32(0xa53c965a), uint32(0x5ca6953a)
	turnRight, turnLeft := 6, 18
	for _, c := range key {
		left, right = ^(left ^ uint32(c)), ^(right + uint32(c))
		left, right = bits.RotateLeft32(right, turnRight), bits.RotateLeft32(left, turnLeft)
		mix := (left>>16 ^ right) & 0xffff
		turnRight, turnLeft = int(mix&0x1f), int(mix>>11)
	}
	return left ^ right
}

// number is HAProxy's none: the key is a decimal number already. What follows it is ignored.
func number(key []byte) uint32 {
	negative := len(key) > 0 && key[0] == '-'
	if negative || len(key) > 0 && key[0] == '+' {
		key = key[1:]
	}
	limit := uint64(1<<63 - 1)
	if negative {
		limit++
	}
	n := min(digits(key), limit)
	if negative {
		n = -n
	}
	return uint32(n)
}

// digits reads a decimal number, at most 2^64-1.
func digits(key []byte) (n uint64) {
	for _, c := range key {
		if c < '0' || c > '9' {
			break
		}
		high, low := bits.Mul64(n, 10)
		sum, carry := bits.Add64(low, uint64(c-'0'), 0)
		if high+carry > 0 {
			return 1<<64 - 1
		}
		n = sum
	}
	return n
}

// distribute spreads numbers that are close to each other over all of 32 bits, one-to-one. It is
// Bob Jenkins' integer hash with a multiplication behind it, which HAProxy calls avalanche.
func distribute(a uint32) uint32 {
	a = (a + 0x7ed55d16) + a<<12
	a = (a ^ 0xc761c23c) ^ a>>19
	a = (a + 0x165667b1) + a<<5
	a = (a + 0xd3a2646c) ^ a<<9
	a = (a + 0xfd7046c5) + a<<3
	a = (a ^ 0xb55a4f09) ^ a>>16
	return a * 3221225473
}
