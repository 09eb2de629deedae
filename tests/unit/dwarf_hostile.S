/* SPDX-License-Identifier: MIT */
/* DWARF that no compiler writes: types that lead to themselves or nowhere. */
	.section .debug_abbrev
	.uleb128 1, 0x11		/* a unit, with children */
	.byte 1
	.uleb128 0, 0
#define NAMED 0x03, 0x08		/* DW_AT_name, DW_FORM_string */
#define SIZED 0x0b, 0x0b		/* DW_AT_byte_size, DW_FORM_data1 */
#define TYPED 0x49, 0x13		/* DW_AT_type, DW_FORM_ref4 */
	.uleb128 2, 0x16		/* a typedef */
	.byte 0
	.uleb128 NAMED, TYPED, 0, 0
	.uleb128 3, 0x0f		/* a pointer */
	.byte 0
	.uleb128 TYPED, 0, 0
	.uleb128 4, 0x13		/* a struct whose next is told: DW_AT_sibling */
	.byte 1
	.uleb128 NAMED, SIZED, 0x01, 0x13, 0, 0
	.uleb128 5, 0x0d		/* a member */
	.byte 0
	.uleb128 NAMED, TYPED, 0x38, 0x0b, 0, 0
	.uleb128 6, 0x34		/* a variable */
	.byte 0
	.uleb128 NAMED, TYPED, 0, 0
	.uleb128 7, 0x24		/* a base type: DW_AT_encoding */
	.byte 0
	.uleb128 NAMED, SIZED, 0x3e, 0x0b, 0, 0
	.uleb128 8, 0x13		/* an anonymous struct */
	.byte 1
	.uleb128 SIZED, 0, 0
	.byte 0

	.section .debug_info
unit:
	.long end - version
version:
	.short 4
	.long 0
	.byte 8
	.uleb128 1
a_typedef:
	.uleb128 2
	.asciz "circle"
	.long another - unit
another:
	.uleb128 2
	.asciz "circle_too"
	.long a_typedef - unit
oddity:
	.uleb128 7
	.asciz "oddity"
	.byte 3, 0x7f
number:
	.uleb128 7
	.asciz "int"
	.byte 4, 0x05
	.uleb128 4
	.asciz "outside"		/* it is larger than its struct */
	.byte 2
	.long 1f - unit
	.uleb128 5
	.asciz "member"
	.long number - unit
	.byte 1
	.byte 0
1:
	.uleb128 6
	.asciz "nobody"
	.long 0x7fffffff
nest:
	.uleb128 8			/* in itself, without a name */
	.byte 8
	.uleb128 5
	.asciz ""
	.long nest - unit
	.byte 0
	.byte 0
	.uleb128 4
	.asciz "nested"
	.byte 8
	.long 1f - unit
	.uleb128 5
	.asciz ""
	.long nest - unit
	.byte 0
	.byte 0
1:
#ifdef ENDLESS_POINTER
pointer:
	.uleb128 3
	.long pointer - unit
	.uleb128 6
	.asciz "endless"
	.long pointer - unit
#endif
	.uleb128 4
	.asciz "before"			/* what comes next comes before */
	.byte 4
	.long a_typedef - unit
	.byte 0
	.byte 0
end:
