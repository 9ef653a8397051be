/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What a target is told bit by bit: each piece is one message of a KDC, or
 * something for the next one.  Included behind krb5_locl.h.
 */

#ifndef FUZZ_PIECE_H
#define FUZZ_PIECE_H 1

struct piece {
    int way;			/* how it is sent */
    unsigned option;		/* ERROR: the code */
    krb5_data octets;		/* alias */
};

static int
next_piece(const uint8_t **p, size_t *left, struct piece *piece)
{
    if (*left < 4)
	return 0;
    piece->way = (*p)[0] & 3;
    piece->option = (*p)[1];
    piece->octets.length = (size_t)(*p)[2] << 8 | (*p)[3];
    *p += 4;
    *left -= 4;
    if (piece->octets.length > *left)
	piece->octets.length = *left;
    piece->octets.data = rk_UNCONST(*p);
    *p += piece->octets.length;
    *left -= piece->octets.length;
    return 1;
}

#endif /* FUZZ_PIECE_H */
