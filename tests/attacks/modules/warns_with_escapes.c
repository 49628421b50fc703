/* warns_with_escapes.c - compiler's warnings that aim at the terminal, the
 * page and the spreadsheet. */
#include "segment/segment.h"

#warning @ESC@[31m@ESC@]0;owned@BELL@ <script>alert(1)</script> =HYPERLINK("x")
#warning @BAD@@RLO@txt.exe
