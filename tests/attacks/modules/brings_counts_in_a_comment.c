/* brings_counts_in_a_comment.c - a comment that gcovr takes for lines of
 * counts, because to Python a form feed ends a line. */
/* @FEED@        9: 2000:covered@FEED@        9: 2001:covered@FEED@        9: 2002:covered
 * @SEPARATOR@        9: 2003:covered@SEPARATOR@        9: 2004:covered */
