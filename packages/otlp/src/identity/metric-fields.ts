import { foundIn, type View } from '../view/view.js';
