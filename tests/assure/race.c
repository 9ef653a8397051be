/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/* Two threads that write to the same place: whoever looks for races has to
 * see this one. */

#include <pthread.h>
#include <stdlib.h>

static volatile int place;

static void *
write_it(void *unused)
{
    place++;
    return NULL;
}

int
main(void)
{
    pthread_t threads[2];
    int i;

    for (i = 0; i < 2; i++)
	if (pthread_create(&threads[i], NULL, write_it, NULL) != 0)
	    exit(2);
    for (i = 0; i < 2; i++)
	if (pthread_join(threads[i], NULL) != 0)
	    exit(2);
    return 0;
}
