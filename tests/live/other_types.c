/* Types of some other kernel: a BTF that has no irqaction. */
struct irqaction_of_another_kernel {
	int number;
} something;
