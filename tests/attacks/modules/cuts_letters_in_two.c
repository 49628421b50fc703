/* cuts_letters_in_two.c - names of which a message shows so many bytes that a
 * letter would be cut in two, and pragmas that aim at the terminal. */
#pragma @ESC@[2J@RLO@oma@BELL@ ggggggggggggggggggggäääääää
#pragma aaäääääääääääääääääääääääääääää
int xäääääääääääääääääääääääääääääääääääää(void);
int xxööööööööööööööööööööööööööööööööööööö(void);
int calls_them(void);
int
calls_them(void)
{
    return xäääääääääääääääääääääääääääääääääääää() +
           xxööööööööööööööööööööööööööööööööööööö();
}
