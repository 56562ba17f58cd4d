#include "textflag.h"

// func prefetch(p *unsafe.Pointer, n int)
TEXT ·prefetch(SB), NOSPLIT, $0-16
	MOVQ  p+0(FP), AX
	MOVQ  n+8(FP), CX
	TESTQ CX, CX
	JLE   done

loop:
	// The lengths of an entry, 8 bytes in and after the key, may lie in two lines.
	MOVQ       (AX), BX
	PREFETCHT0 8(BX)
	PREFETCHT0 31(BX)
	ADDQ       $8, AX
	DECQ       CX
	JNZ        loop

done:
	RET
