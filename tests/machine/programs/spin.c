/* Runs until it is ended, without ever asking the system for anything. */
void start(void)
{
    for (volatile unsigned long long i = 0;; i++) {
    }
}
