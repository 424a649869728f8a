"""The networks that give E_a and the teacher their feature map."""
