/**
 * System calls that a workload may make: those that Docker's default profile allows without further
 * capabilities, less the ones that exist only on 32-bit machines. Names that a kernel or a seccomp library
 * does not know are passed over by the OCI runtimes.
 */
export const allowedSyscalls: readonly string[] = `
  read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2
  open openat openat2 creat close close_range dup dup2 dup3 lseek
  fcntl flock ioctl fsync fdatasync sync syncfs sync_file_range sync_file_range2
  truncate ftruncate fallocate fadvise64 readahead copy_file_range cachestat
  sendfile splice tee vmsplice
  stat fstat lstat newfstatat statx statfs fstatfs statmount listmount
  access faccessat faccessat2 readlink readlinkat getdents getdents64 getcwd chdir fchdir
  link linkat symlink symlinkat unlink unlinkat rename renameat renameat2
  mkdir mkdirat rmdir mknod mknodat umask
  chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat
  utime utimes utimensat futimesat name_to_handle_at
  getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat
  listxattr llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat
  inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark
  io_setup io_submit io_getevents io_pgetevents io_cancel io_destroy

  poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_ctl_old
  epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2
  signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime pipe pipe2

  socketpair bind listen accept accept4 connect shutdown getsockname getpeername
  getsockopt setsockopt sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg

  brk mmap munmap mremap mprotect madvise mincore msync mseal remap_file_pages
  mlock mlock2 mlockall munlock munlockall membarrier memfd_create memfd_secret
  pkey_alloc pkey_free pkey_mprotect map_shadow_stack process_mrelease

  fork vfork execve execveat exit exit_group wait4 waitid
  getpid getppid gettid getpgid getpgrp setpgid getsid setsid
  kill tkill tgkill pidfd_open pidfd_send_signal pause alarm
  rt_sigaction rt_sigprocmask rt_sigpending rt_sigsuspend rt_sigtimedwait
  rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn sigaltstack restart_syscall
  futex futex_wait futex_wake futex_waitv futex_requeue
  set_robust_list get_robust_list set_tid_address rseq uretprobe riscv_hwprobe
  set_thread_area get_thread_area swapcontext
  ptrace process_vm_readv process_vm_writev prctl seccomp capget capset
  landlock_create_ruleset landlock_add_rule landlock_restrict_self

  getuid geteuid getgid getegid getresuid getresgid getgroups
  setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups
  getpriority setpriority ioprio_get ioprio_set getrlimit setrlimit prlimit64 getrusage
  sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam sched_getattr
  sched_setattr sched_getscheduler sched_setscheduler sched_get_priority_max
  sched_get_priority_min sched_rr_get_interval getcpu

  time times gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep
  adjtimex clock_adjtime getitimer setitimer
  timer_create timer_delete timer_settime timer_gettime timer_getoverrun
  uname sysinfo getrandom

  ipc msgget msgsnd msgrcv msgctl semget semop semtimedop semctl shmget shmat shmdt shmctl
  mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr
`
  .trim()
  .split(/\s+/);

/** Further calls of one kind of processor, by Node's name for it. */
export const architectureSyscalls: Readonly<Record<string, readonly string[]>> = {
  x64: ['arch_prctl', 'modify_ldt'],
};
