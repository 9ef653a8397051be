/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * SipHash-2-4: the vectors of its authors' reference implementation, key
 * 00 01 ... 0f, message 00 01 ..., of every length from 0 to 15 and more.
 *
 * REQ: XT-55
 */

#include "replay_test.h"

#include "siphash.h"

static const struct vector {
    size_t length;
    uint64_t hash;
} vectors[] = {
    { 0, 0x726fdb47dd0e0e31ULL },
    { 1, 0x74f839c593dc67fdULL },
    { 2, 0x0d6c8009d9a94f5aULL },
    { 3, 0x85676696d7fb7e2dULL },
    { 4, 0xcf2794e0277187b7ULL },
    { 5, 0x18765564cd99a68dULL },
    { 6, 0xcbc9466e58fee3ceULL },
    { 7, 0xab0200f58b01d137ULL },
    { 8, 0x93f5f5799a932462ULL },
    { 9, 0x9e0082df0ba9e4b0ULL },
    { 10, 0x7a5dbbc594ddb9f3ULL },
    { 11, 0xf4b32f46226bada7ULL },
    { 12, 0x751e8fbc860ee5fbULL },
    { 13, 0x14ea5627c0843d90ULL },
    { 14, 0xf723ca908e7af2eeULL },
    { 15, 0xa129ca6149be45e5ULL },
    { 16, 0x3f2acc7f57c29bdbULL },
    { 17, 0x699ae9f52cbe4794ULL },
    { 31, 0x32d892fad841c342ULL },
    { 32, 0x7127512f72f27cceULL }
};

int
main(int argc, char **argv)
{
    unsigned char key[SIPHASH_KEY_LENGTH], message[32];
    size_t i;

    for (i = 0; i < sizeof(key); i++)
	key[i] = i;
    for (i = 0; i < sizeof(message); i++)
	message[i] = i;
    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
	check(_gsskrb5_ext_siphash24(key, message, vectors[i].length) ==
	      vectors[i].hash, "%lu octets",
	      (unsigned long)vectors[i].length);
    return check_done();
}
