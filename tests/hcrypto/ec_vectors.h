/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * ECDH of RFC 5903 section 8.1: one side's keys, the other's, the secret.
 */

#ifndef EC_VECTORS_H
#define EC_VECTORS_H 1

static const char own[] =	/* ECPrivateKey, RFC 5915, of P-256 */
    "303102010104"
    "20c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"
    "a00a06082a8648ce3d030107";
static const char own_public[] = "04"
    "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
    "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3";
static const char peer_public[] = "04"
    "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
    "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab";
static const char ec_secret[] =
    "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de";

#endif /* EC_VECTORS_H */
