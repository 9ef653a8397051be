/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * fuzz_main SECONDS SEED FILE...: drives a target of libFuzzer where there is
 * only gcc.  Each file is given to it as it is, then files that are changed at
 * random, until the time is over.  The input is in a block of its own size, so
 * that reading behind it is found; before it is tried it is in the file
 * "fuzz_main.input".
 */

#include <sys/mman.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_INPUT 16384

int LLVMFuzzerInitialize(int *, char ***);
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static unsigned char *kept;	/* length, octets: survives a crash */
static unsigned long runs;
static uint64_t state;

static uint32_t
random_below(uint32_t limit)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(state >> 33) % limit;
}

/* Not time(): a target may have one of its own. */
static time_t
seconds(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
	exit(2);
    return now.tv_sec;
}

static void
try_it(const unsigned char *data, size_t size)
{
    unsigned char *copy = malloc(size ? size : 1);

    if (copy == NULL)
	exit(2);
    memcpy(copy, data, size);
    memcpy(kept, &size, sizeof(size));
    memcpy(kept + sizeof(size), data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    runs++;
}

static size_t
read_file(const char *name, unsigned char *data)
{
    FILE *f = fopen(name, "rb");
    size_t size;

    if (f == NULL)
	exit(2);
    size = fread(data, 1, MAX_INPUT - 16, f);
    fclose(f);
    return size;
}

/* The first octets, where the structure is, more often. */
static size_t
place(size_t size)
{
    size_t near = random_below(2) ? 24 : MAX_INPUT;

    return size == 0 ? 0 : random_below(size < near ? size : near);
}

static size_t
change(unsigned char *data, size_t size)
{
    size_t at = place(size);

    switch (random_below(5)) {
    case 0:
	data[at] ^= 1 << random_below(8);
	return size;
    case 1:
	data[at] = random_below(256);
	return size;
    case 2:
	memmove(data + at + 1, data + at, size - at);
	data[at] = random_below(256);
	return size + 1;
    case 3:
	if (size == 0)
	    return 0;
	memmove(data + at, data + at + 1, size - at - 1);
	return size - 1;
    default:
	return size == 0 ? 0 : random_below(size);
    }
}

static void
keep_inputs(void)
{
    int fd = open("fuzz_main.input", O_RDWR | O_CREAT | O_TRUNC, 0600);
    size_t size = MAX_INPUT + sizeof(size_t);

    if (fd < 0 || ftruncate(fd, size) != 0)
	exit(2);
    kept = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (kept == MAP_FAILED)
	exit(2);
    close(fd);
}

int
main(int argc, char **argv)
{
    static unsigned char data[MAX_INPUT];
    time_t end;
    size_t size;
    int i, n;

    if (argc < 4)
	return 2;
    end = seconds() + atoi(argv[1]);
    state = strtoull(argv[2], NULL, 10) * 2 + 1;
    keep_inputs();
    LLVMFuzzerInitialize(&argc, &argv);
    for (i = 3; i < argc; i++)
	try_it(data, read_file(argv[i], data));
    while (seconds() < end) {
	size = read_file(argv[3 + random_below(argc - 3)], data);
	for (n = 0; n < 100; n++) {
	    unsigned char copy[MAX_INPUT];
	    size_t len = size;
	    uint32_t count = 1 + random_below(4);

	    memcpy(copy, data, size);
	    for (; count > 0; count--)
		len = change(copy, len);
	    try_it(copy, len);
	}
    }
    printf("%lu runs\n", runs);
    return 0;
}
