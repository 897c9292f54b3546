"""Three-class network (background, physiological, lesion): its grid, its weights, its run."""
