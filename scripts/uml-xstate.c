/*
 * uml-xstate.c: a ptrace(2) for user-mode Linux on processors with AMX.
 *
 * User-mode Linux 6.1 keeps 2696 bytes of a process's floating-point state, which
 * is all up to AVX-512 and PKRU (FP_SIZE in its arch/x86/um/user-offsets.c). A host
 * whose processor has AMX takes its state whole or not at all, 11008 bytes
 * (xstateregs_set in arch/x86/kernel/fpu/regset.c), so that every write fails with
 * EFAULT, and the kernel dies before its first process has run. This function is
 * put before libc's (LD_PRELOAD): it reads and writes the whole state, and hands
 * user-mode Linux the part that it knows. The tiles behind it are never in use: a
 * process has to ask for them with arch_prctl, and no guest's can.
 *
 * Nothing is included, so that a compiler is all that building it takes.
 */

#define PTRACE_GETREGSET 0x4204
#define PTRACE_SETREGSET 0x4205
#define NT_X86_XSTATE 0x202
#define RTLD_NEXT ((void *)-1L)

/* The XSAVE header: which components follow, by bits. 10 and above are behind
 * those of 2696 bytes. */
#define XSTATE_BV 512
#define KNOWN_COMPONENTS 0x3ffUL

struct iovec {
	char *base;
	unsigned long len;
};

extern void *dlsym(void *handle, const char *symbol);

static char state[1 << 16] __attribute__((aligned(64)));
static unsigned long state_len; /* what this host's kernel keeps */

static void copy(char *to, const char *from, unsigned long n)
{
	while (n--)
		*to++ = *from++;
}

long ptrace(long request, long pid, long addr, struct iovec *data)
{
	static long (*next)(long, long, long, void *);
	struct iovec whole = { state, sizeof(state) };
	long result;

	if (!next)
		next = dlsym(RTLD_NEXT, "ptrace");
	if (addr != NT_X86_XSTATE || (request != PTRACE_GETREGSET && request != PTRACE_SETREGSET))
		return next(request, pid, addr, data);

	if (request == PTRACE_GETREGSET || !state_len) {
		result = next(PTRACE_GETREGSET, pid, addr, &whole);
		if (result < 0)
			return result;
		state_len = whole.len;
	}
	if (request == PTRACE_GETREGSET) {
		if (data->len > state_len)
			data->len = state_len;
		copy(data->base, state, data->len);
		return result;
	}
	if (data->len >= state_len)
		return next(request, pid, addr, data);
	copy(state, data->base, data->len);
	for (unsigned long i = data->len; i < state_len; i++)
		state[i] = 0;
	*(unsigned long *)(state + XSTATE_BV) &= KNOWN_COMPONENTS;
	whole.len = state_len;
	return next(request, pid, addr, &whole);
}
