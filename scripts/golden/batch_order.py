"""Computes the golden values of src/draw.rs from the specification, with no code shared with the crate.

Run it without arguments; it prints (len, seed, epoch, first ten indices).
Specification: key = four-byte words of rand_core's seed_from_u64 (PCG32, XSH-RR); ChaCha with 8 rounds, 64-bit block
counter from 0, 64-bit stream number = epoch; a 64-bit word is two 32-bit words, the lower first; Lemire's bounded draw;
Fisher-Yates from the last position down.
"""

M32, M64 = 2**32 - 1, 2**64 - 1


def key_words(seed):
    state, words = seed, []
    for _ in range(8):
        state = (state * 6364136223846793005 + 11634580027462260723) & M64
        xorshifted = (((state >> 18) ^ state) >> 27) & M32
        rotation = state >> 59
        words.append(((xorshifted >> rotation) | (xorshifted << (32 - rotation))) & M32)
    return words


def quarter(x, a, b, c, d):
    for (i, j, k, turn) in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        x[i] = (x[i] + x[j]) & M32
        x[k] ^= x[i]
        x[k] = ((x[k] << turn) | (x[k] >> (32 - turn))) & M32


def words32(seed, stream):
    key, counter = key_words(seed), 0
    while True:
        start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *key,
                 counter & M32, counter >> 32, stream & M32, stream >> 32]
        x = list(start)
        for _ in range(4):
            for column in range(4):
                quarter(x, column, 4 + column, 8 + column, 12 + column)
            for column in range(4):
                quarter(x, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4, 12 + (column + 3) % 4)
        yield from ((a + b) & M32 for a, b in zip(x, start))
        counter += 1


def order(length, seed, epoch):
    words = words32(seed, epoch)

    def below(bound):
        while True:
            low = next(words)
            product = (low | next(words) << 32) * bound
            if product & M64 >= 2**64 % bound:
                return product >> 64

    items = list(range(length))
    for i in range(length - 1, 0, -1):
        other = below(i + 1)
        items[i], items[other] = items[other], items[i]
    return items


if __name__ == "__main__":
    for case in ((10, 0, 0), (48_000, 1, 0), (48_000, 1, 9), (60_000, 2**64 - 1, 2**40)):
        print((*case, order(*case)[:10]))
