//! A clock of the day that can be put forward and back for the programs of one test, and for nobody else; where there is a C
//! compiler.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::preload::compile;

/// Answers with the time of the kernel and, for clocks of the day, the seconds that the mapped file says.
const LIBRARY: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t offset(void) {
    static volatile int64_t *shared;
    if (!shared) {
        const char *path = getenv("FALSE_CLOCK");
        int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (file < 0) return 0;
        void *mapped = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
        close(file);
        if (mapped == MAP_FAILED) return 0;
        shared = mapped;
    }
    return *shared;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int answer = syscall(SYS_clock_gettime, clock, time);
    if (!answer && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += offset();
    return answer;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *into) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (into) *into = now.tv_sec;
    return now.tv_sec;
}
"#;

/// The clock.
pub struct FalseClock {
    library: PathBuf,
    offset: PathBuf,
}

impl FalseClock {
    /// Right, for now. None where there is no C compiler.
    pub fn new(folder: &Path) -> Option<Self> {
        let offset = folder.join("clock-offset");
        fs::write(&offset, 0_i64.to_ne_bytes()).unwrap();
        let library = compile(folder, "clock", LIBRARY)?;
        Some(Self { library, offset })
    }

    /// Lets a program, and all that it starts, go by this clock.
    pub fn rule(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FALSE_CLOCK", &self.offset);
    }

    /// Puts it so many seconds off.
    pub fn put(&self, seconds: i64) -> std::io::Result<()> {
        use std::os::unix::fs::FileExt;
        // In place: the file is mapped by everybody.
        let file = fs::File::options().write(true).open(&self.offset)?;
        file.write_all_at(&seconds.to_ne_bytes(), 0)
    }
}
