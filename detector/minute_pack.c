#include "detector/minute_pack.h"

#include <string.h>

enum {
	WORD = 8,
	BASE_FROM = offsetof(struct host_bin, touch_count), /* behind host and minute */
	BASE_WORDS = (sizeof(struct host_bin) - BASE_FROM + WORD - 1) / WORD,
	EXTENSION_WORDS = sizeof(struct host_bin_extension) / WORD,
	/* An extension's three parts, in words; they are packed in the order sent, sample, the
	   rest. */
	SENT_WORDS = sizeof(((struct host_bin_extension *)0)->sent) / WORD,
	SAMPLE_AT = offsetof(struct host_bin_extension, sample) / WORD,
	SAMPLE_WORDS = sizeof(((struct host_bin_extension *)0)->sample) / WORD,
	SAMPLE_END = SAMPLE_AT + SAMPLE_WORDS,
};

_Static_assert(offsetof(struct host_bin_extension, sent) == 0, "what is asked for most");
_Static_assert(offsetof(struct host_bin_extension, sample) % WORD == 0, "whole words");

_Static_assert(sizeof(struct host_bin_extension) % WORD == 0, "whole words");

/* What fields begin with: the difference to it is what is packed. */
struct beginnings {
	uint64_t base[BASE_WORDS];
	uint64_t extension[EXTENSION_WORDS];
};

static void
base_words(const struct host_bin *bin, uint64_t words[static BASE_WORDS])
{
	words[BASE_WORDS - 1] = 0;
	memcpy(words, (const uint8_t *)bin + BASE_FROM, sizeof(*bin) - BASE_FROM);
}

static const struct beginnings *
beginnings(void)
{
	static _Thread_local struct beginnings made;
	static _Thread_local int is_made;
	static const struct host_address nobody;
	struct host_bin bin;
	struct host_bin_extension extension;

	if (is_made)
		return &made;
	host_bin_init(&bin, &nobody, 0);
	host_bin_extension_init(&extension);
	base_words(&bin, made.base);
	memcpy(made.extension, &extension, sizeof(extension));
	is_made = 1;
	return &made;
}

/* A bit for each octet that is not zero. */
static unsigned
octets_set(uint64_t word)
{
	word |= word >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f);
	word |= word >> 2 & UINT64_C(0x0303030303030303);
	word |= word >> 1;
	word &= UINT64_C(0x0101010101010101);
	return (unsigned)(word * UINT64_C(0x0102040810204080) >> 56);
}

static uint8_t *
pack_word(uint64_t word, uint8_t *at)
{
	unsigned set = octets_set(word);

	*at++ = (uint8_t)set;
	if (set == 0xff) {
		memcpy(at, &word, WORD);
		return at + WORD;
	}
	for (; set != 0; set &= set - 1)
		*at++ = (uint8_t)(word >> 8 * __builtin_ctz(set));
	return at;
}

static uint8_t *
pack_words(const uint64_t *words, const uint64_t *beginning, size_t count, uint8_t *at)
{
	for (size_t i = 0; i < count; i += 8) {
		uint8_t *group = at++;
		unsigned set = 0;

		for (size_t k = i; k < count && k < i + 8; k++) {
			uint64_t word = words[k] ^ beginning[k];

			if (word == 0)
				continue;
			set |= 1U << (k - i);
			at = pack_word(word, at);
		}
		*group = (uint8_t)set;
	}
	return at;
}

static const uint8_t *
unpack_word(const uint8_t *at, uint64_t *word)
{
	unsigned set = *at++;
	uint64_t difference = 0;

	if (set == 0xff) {
		memcpy(&difference, at, WORD);
		*word ^= difference;
		return at + WORD;
	}
	for (; set != 0; set &= set - 1)
		difference |= (uint64_t)*at++ << 8 * __builtin_ctz(set);
	*word ^= difference;
	return at;
}

/* `words` hold the beginnings. */
static const uint8_t *
unpack_words(const uint8_t *at, uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count; i += 8) {
		unsigned set = *at++;

		for (; set != 0; set &= set - 1)
			at = unpack_word(at, &words[i + (size_t)__builtin_ctz(set)]);
	}
	return at;
}

size_t
minute_pack(const struct host_bin *bin, const struct host_bin_extension *extension,
            uint8_t packed[static MINUTE_PACK_MOST])
{
	const struct beginnings *begin = beginnings();
	uint64_t words[BASE_WORDS];
	uint64_t detail[EXTENSION_WORDS];
	uint8_t *at;

	base_words(bin, words);
	at = pack_words(words, begin->base, BASE_WORDS, packed);
	if (bin->touch_count == HOST_BIN_EXTENDED) {
		memcpy(detail, extension, sizeof(detail));
		at = pack_words(detail, begin->extension, SENT_WORDS, at);
		at = pack_words(detail + SAMPLE_AT, begin->extension + SAMPLE_AT, SAMPLE_WORDS, at);
		at = pack_words(detail + SENT_WORDS, begin->extension + SENT_WORDS,
		                SAMPLE_AT - SENT_WORDS, at);
		at = pack_words(detail + SAMPLE_END, begin->extension + SAMPLE_END,
		                EXTENSION_WORDS - SAMPLE_END, at);
	}
	return (size_t)(at - packed);
}

void
minute_unpack(const uint8_t *packed, struct host_bin *bin, struct host_bin_extension *extension,
              enum minute_depth depth)
{
	const struct beginnings *begin = beginnings();
	uint64_t *detail = (void *)extension;
	uint64_t words[BASE_WORDS];

	memcpy(words, begin->base, sizeof(words));
	packed = unpack_words(packed, words, BASE_WORDS);
	memcpy((uint8_t *)bin + BASE_FROM, words, sizeof(*bin) - BASE_FROM);
	if (bin->touch_count != HOST_BIN_EXTENDED)
		return;
	memcpy(extension, begin->extension, sizeof(*extension));
	packed = unpack_words(packed, detail, SENT_WORDS);
	if (depth == MINUTE_SENT)
		return;
	packed = unpack_words(packed, detail + SAMPLE_AT, SAMPLE_WORDS);
	if (depth == MINUTE_SAMPLE)
		return;
	packed = unpack_words(packed, detail + SENT_WORDS, SAMPLE_AT - SENT_WORDS);
	unpack_words(packed, detail + SAMPLE_END, EXTENSION_WORDS - SAMPLE_END);
}
