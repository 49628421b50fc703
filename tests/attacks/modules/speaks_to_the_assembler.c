/* speaks_to_the_assembler.c - a comment for the object file, which gcc hands on
 * with what its escapes stand for. */
#ident "\"\n.section .init_array,\"aw\"\n.quad 0\n.text\n.ascii \""
