"""Threads that serve in the background of a test."""

import threading


class Workers:
    """Threads of one server; an exception in one is raised at the end.

    A thread that waits looks at `closing`, or at `error`, from time to time.
    """

    def __init__(self):
        self.closing = threading.Event()
        self.errors = []
        self._threads = []
        self._lock = threading.Lock()

    def spawn(self, function, *args):
        """Run function(*args) in a thread."""
        thread = threading.Thread(target=self._guard, args=(function, *args),
                                  daemon=True)
        with self._lock:
            self._threads = [t for t in self._threads if t.is_alive()]
            self._threads.append(thread)
            thread.start()

    def _guard(self, function, *args):
        try:
            function(*args)
        except Exception as err:            # pylint: disable=broad-except
            self.errors.append(err)

    def finish(self):
        """Have the threads end, and wait for them."""
        self.closing.set()
        for thread in self._threads:
            thread.join(15)

    def check(self):
        """Raise the first exception of a thread, if there was one."""
        if self.errors:
            raise self.errors[0]
