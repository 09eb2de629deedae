// SPDX-License-Identifier: MIT
/* Writes the sample BTF of the unit tests to standard output: a seed for the fuzzer. */
#include <stdio.h>

#include "types_sample.h"

int main(void)
{
	__u32 size;
	const void *data = btf__raw_data(sample_new(), &size);

	return fwrite(data, 1, size, stdout) == size ? 0 : 1;
}
